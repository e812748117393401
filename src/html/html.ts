/** Text that is HTML already: made by the `html` tag, or by a library. */
export class Html {
  readonly #text: string

  private constructor (text: string) {
    this.#text = text
  }

  toString (): string {
    return this.#text
  }

  /** Text that is HTML because a library made it so. */
  static fromLibrary (text: string): Html {
    return new Html(text)
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

/** For what a library has drawn; never for text that came from outside. */
export function trusted (markup: string): Html {
  return Html.fromLibrary(markup)
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' }

function render (content: Content): string {
  if (content === undefined || content === false) return ''
  if (content instanceof Html) return content.toString()
  if (Array.isArray(content)) return content.map(render).join('')
  return String(content).replace(/[&<>"']/g, character => ESCAPES[character] ?? character)
}
