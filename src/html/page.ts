import { html, type Content, type Html } from './html.ts'
import type { Language } from './language.ts'
import { SCRIPT_PATH, STYLESHEET_PATH } from './assets.ts'

/** What every page says first. */
const BANNER: Readonly<Record<Language, string>> = {
  id: 'Sandbox: tidak ada uang yang berpindah',
  en: 'Sandbox: no money moves'
}

export interface PageOptions {
  readonly language: Language
  readonly title: string
  readonly body: Content
  /** Whose page it is; each has its own layout in the stylesheet. */
  readonly kind?: 'customer' | 'dashboard'
  /** Stands in the banner: a link to the other language. */
  readonly languageLink?: Html
  /** Leads elsewhere by itself, with a script or without. */
  readonly refresh?: { readonly seconds: number, readonly url: string } | undefined
  /** Where the page hears of changes, and of whose. */
  readonly live?: { readonly stream: string, readonly account: string | undefined }
}

/** The frame of every page. */
export function page ({ language, title, body, kind = 'customer', languageLink: link, refresh, live }: PageOptions): Html {
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${refresh && html`<noscript><meta http-equiv="refresh" content="${refresh.seconds};url=${refresh.url}"></noscript>`}
<title>${title}</title>
<link rel="stylesheet" href="${STYLESHEET_PATH}">
<link rel="icon" href="data:,">
<script type="module" src="${SCRIPT_PATH}"></script>
</head>
<body class="${kind}"${refresh && html` data-next="${refresh.url}" data-next-ms="${refresh.seconds * 1000}"`}${live && html` data-stream="${live.stream}"${live.account !== undefined && html` data-account="${live.account}"`}`}>
<aside class="banner" aria-label="Sandbox"><strong>${BANNER[language]}</strong>${link}</aside>
${body}
</body>
</html>
`
}

/** Leads to the same page in the other language; `query` is what else its address has to hold. */
export function languageLink (language: Language, query: Readonly<Record<string, string>> = {}): Html {
  const [other, name] = language === 'id' ? ['en', 'English'] : ['id', 'Bahasa Indonesia']
  return html`<a href="?${new URLSearchParams({ ...query, lang: other }).toString()}" lang="${other}" hreflang="${other}">${name}</a>`
}
