/** Text that is HTML already; only the `html` tag makes it. */
export class Html {
  readonly #text: string

  private constructor (text: string) {
    this.#text = text
  }

  toString (): string {
    return this.#text
  }

  static fromTag (strings: TemplateStringsArray, values: readonly Content[]): Html {
    return new Html(strings.reduce((text, part, index) => `${text}${render(values[index - 1])}${part}`))
  }
}

/** What may stand between the tags: text is escaped, nothing is left out, lists are joined. */
export type Content = Html | string | number | false | undefined | readonly Content[]

/**
 * Makes HTML; every value is escaped unless it was made by this tag itself.
 * @example html`<p>${'<b>'}</p>`.toString() // '<p>&lt;b&gt;</p>'
 */
export function html (strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return Html.fromTag(strings, values)
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' }

function render (content: Content): string {
  if (content === undefined || content === false) return ''
  if (content instanceof Html) return content.toString()
  if (Array.isArray(content)) return content.map(render).join('')
  return String(content).replace(/[&<>"']/g, character => ESCAPES[character] ?? character)
}
