import * as field from './field.ts'
import { FILE, HOST, USER } from './forms.ts'

/** What the supervisor answers over HTTP. */
export const HTTP = field.section(
  'Health and metrics over HTTP. Both ports answer all paths: /health, /ready, /live, /version, /status, /metrics. GET and HEAD only.',
  {
    enabled: field.boolean(
      'Whether it listens. Without it nobody is told when something is wrong. The environment variable COLLECTOR_ENABLE_HTTP (0 or 1) goes before it.',
      true,
    ),
    host: field.text(
      'Address to listen at. 127.0.0.1: this machine only. 0.0.0.0: every network of it, which in a container is what you want.',
      HOST,
      '127.0.0.1',
    ),
    health_port: field.integer(
      'Port for probes; 0: any that is free. The environment variable HEALTH_CHECK_PORT goes before it.',
      { value: 8_087, min: 0, max: 65_535 },
    ),
    metrics_port: field.integer(
      'Port for Prometheus; 0: any that is free. The environment variable METRICS_PORT goes before it.',
      { value: 9_092, min: 0, max: 65_535 },
    ),
    user: field.optional(
      {
        kind: 'text',
        doc: 'Who may ask (HTTP basic authentication), with password_file; left out: everybody.',
        form: USER,
      },
      'prometheus',
    ),
    password_file: field.optional(
      { kind: 'text', doc: 'File that holds the password.', form: FILE },
      '/run/secrets/http-password',
    ),
    cert_file: field.optional(
      {
        kind: 'text',
        doc: 'Certificate (PEM): with key_file, HTTPS is spoken in place of HTTP.',
        form: FILE,
      },
      './server.pem',
    ),
    key_file: field.optional(
      { kind: 'text', doc: 'Key of the certificate (PEM).', form: FILE },
      './server.key',
    ),
    admin_token_file: field.optional(
      {
        kind: 'text',
        doc: 'File that holds a token of at least 16 characters: with it /admin/ answers to `Authorization: Bearer TOKEN`, for profiles of a running process. Left out: there is no /admin/.',
        form: FILE,
      },
      '/run/secrets/admin-token',
    ),
  },
)
