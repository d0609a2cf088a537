/** Forms that documents are rephrased in: those of WRAP and its followers that kept most of what a text is worth. */
export const styles = {
  wiki: {
    en: 'an article of an encyclopedia: precise, neutral prose in paragraphs, the subject defined in the first sentence, terms explained where they first occur',
    ja: '百科事典の記事。正確で中立な文章を段落に分け、最初の一文で対象を定義し、用語は初めて出たところで説明する',
  },
  simple: {
    en: 'a plain text for a reader of twelve: short sentences, everyday words, every unavoidable term explained at once, one thought after the other',
    ja: '十二歳の読み手に向けた平易な文章。短い文と日常の言葉を使い、避けられない用語はその場で説明し、一つずつ順に述べる',
  },
  faq: {
    en: 'questions and answers: the questions a reader would really have, in an order in which each helps with the next, each with a complete answer below it; a question stands as a heading of its own ("### ...")',
    ja: '質問と回答の形。読み手が実際に持ちそうな質問を、前の答えが次に役立つ順に並べ、それぞれの下に完結した答えを書く。質問は見出し(「### …」)にする',
  },
  tutorial: {
    en: 'a tutorial: what the reader will be able to do, what is needed, then numbered steps, each with its reason and how to tell that it worked',
    ja: '手引き。読み手が何をできるようになるか、何が必要かを述べ、番号付きの手順に分け、それぞれに理由と、うまくいったかどうかの確かめ方を添える',
  },
  table: {
    en: 'one or more Markdown tables that hold the facts, with telling headings of columns, and after each table two to four sentences on what it shows',
    ja: '事実を整理した一つ以上のMarkdownの表。列には内容の分かる見出しを付け、表ごとに、そこから読み取れることを二文から四文で続ける',
  },
  maths: {
    en: 'a worked problem: a task with numbers and relations from the text that has one answer, then its solution step by step, ending with a line "Answer: ..."',
    ja: '解法付きの問題。文章にある数値や関係を使って答えが一つに決まる問題を立て、順を追って解き、最後の行に「答え: …」と書く',
  },
} as const
export type StyleName = keyof typeof styles

/** What a prompt says of a style: the built-in words for a name, else the style itself. */
export const styleWords = (style: string, language: 'en' | 'ja'): string =>
  Object.hasOwn(styles, style) ? styles[style as StyleName][language] : style
