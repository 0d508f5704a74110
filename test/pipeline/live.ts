import { binanceSpot } from '../../src/venues/binance/spot.ts'
import { snapshot } from './frames.ts'
import { Rig } from './rig.ts'

/** Books of Binance spot that are live at number 10, carried by session 1. */
export function liveRig(symbols = ['BTCUSDT', 'ETHUSDT']): Rig {
  const rig = new Rig(binanceSpot, symbols)
  rig.carry(1)
  for (let slot = 0; slot < symbols.length; slot++) rig.snapshot(slot, snapshot(10))
  return rig
}
