/** How much an instrument matters when not everything can be done: 1 is kept to the last, 3 is given up first. */
export type Tier = 1 | 2 | 3
