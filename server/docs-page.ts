/**
 * The API for people to browse: one page of plain HTML, drawn from the OpenAPI document. It needs no script, no font
 * and no network, so it works wherever the server does, under the strictest content policy.
 */
import type { Handler } from 'hono'
import { html, raw } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import type { Environment } from './environment.ts'
import type { OpenApiDocument, OperationObject } from './openapi.ts'

type Html = HtmlEscapedString | Promise<HtmlEscapedString>

export function docsPage(document: OpenApiDocument): Handler<Environment> {
  const page = pageOf(document)
  return (c) => {
    c.header('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
    return c.html(page)
  }
}

interface Entry extends OperationObject {
  readonly method: string
  readonly path: string
}

function pageOf({ info, tags, paths }: OpenApiDocument): Html {
  const entries: Entry[] = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method, path })),
  )
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${info.title} API</title>
        <style>${raw(style)}</style>
      </head>
      <body>
        <header>
          <h1>${info.title} <small>${info.version}</small></h1>
          <p>${info.description} For programs: <a href="/openapi.json">openapi.json</a>.</p>
          <nav>${tags.map(({ name }) => html`<a href="#${name}">${name}</a> `)}</nav>
        </header>
        <main>${tags.map(({ name }) => section(name, entries))}</main>
      </body>
    </html>`
}

function section(tag: string, entries: readonly Entry[]): Html {
  const own = entries.filter(({ tags }) => tags.includes(tag))
  return html`<section>
    <h2 id="${tag}">${tag}</h2>
    ${own.map(operation)}
  </section>`
}

function operation(entry: Entry): Html {
  const { method, path, summary, operationId, requestBody, responses } = entry
  const roles = entry['x-roles']
  return html`<details id="${operationId}">
    <summary><b class="${method}">${method}</b> <code>${path}</code> <span>${summary}</span></summary>
    <p>Operation <code>${operationId}</code>, for ${typeof roles === 'string' ? roles : roles.join(', ')}.</p>
    ${parameters(entry)} ${requestBody ? body('Body', requestBody.content) : ''}
    ${Object.entries(responses).map(([status, { description, content }]) =>
      body(`${status} ${description}`, content ?? {}),
    )}
  </details>`
}

function parameters({ parameters }: Entry): Html | string {
  if (parameters.length === 0) return ''
  return html`<table>
    <tr><th>parameter</th><th>in</th><th>type</th><th></th></tr>
    ${parameters.map(
      ({ name, in: place, required, schema, description }) => html`<tr>
        <td><code>${name}</code>${required ? '' : ' (optional)'}</td>
        <td>${place}</td>
        <td><code>${JSON.stringify(schema)}</code></td>
        <td>${description ?? ''}</td>
      </tr>`,
    )}
  </table>`
}

function body(title: string, content: Readonly<Record<string, { readonly schema: unknown }>>): Html {
  return html`${Object.entries(content).map(
    ([media_type, { schema }]) => html`<h3>${title} <small>${media_type}</small></h3>
      <pre>${JSON.stringify(schema, null, 2)}</pre>`,
  )}`
}

const style = `
  :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  nav a { margin-right: .75rem; }
  details { border-top: 1px solid #8884; padding: .4rem 0; }
  summary { cursor: pointer; }
  summary b { display: inline-block; width: 4rem; text-transform: uppercase; }
  .get { color: #2a7ab8; } .post { color: #2e8b57; } .delete { color: #b8452a; }
  summary span { opacity: .75; }
  table { border-collapse: collapse; } th, td { text-align: left; padding: .15rem .8rem .15rem 0; vertical-align: top; }
  pre { overflow: auto; max-height: 24rem; padding: .6rem; background: #8881; }
  small { font-weight: normal; opacity: .6; }
`
