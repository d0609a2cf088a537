import type { Scene } from './rules.ts'

/** English forms that questions are built with: verbs, the place of a phrase, and inverted clauses. */

const verbs =
  'accept access achieve activate add adjust affect allocate allow analyse analyze answer append apply approve assert assign attach automate avoid become begin benefit bind block break build bundle cache calculate call capture catch cause change check choose clean clear clone close collect combine come commit compare compile compute configure connect consider consist consume contain continue contribute control convert coordinate copy count cover crash create customize customise deal debug declare decrease define delete deliver depend deploy describe design destroy detect determine develop differ disable disallow discover display distribute divide document download drop edit eliminate emit enable encode encounter encourage enforce ensure enter evaluate examine execute exist exit expand expect expose express extend extract fail filter find fix focus follow force format free fulfil gather generate get give go grant group grow guarantee handle happen have help hide hold identify ignore implement import improve include increase index infer inherit initialize inject insert inspect install instantiate integrate interact introduce invoke isolate iterate join keep kill know launch lead learn leave let leverage lift limit link list load locate lock log look lose maintain make manage map mark match mean measure merge migrate minimize mock modify monitor mount move mutate name narrow need notify obtain occur offer open operate optimize order organize overflow override own pack pass perform pick point port prepare present preserve prevent print produce profile prohibit propose protect provide publish push put raise reach read receive record reduce refer register reject release rely remain remove rename render repeat replace report represent request require reset resolve respond restart restore restrict result retrieve retry return reuse review rewrite run save scale schedule search select send separate serve set share ship show shrink simplify skip slow solve sort specify speed spend split spy start state stay stop store stream submit suggest support suppress switch take target tell terminate test throw trace track train transform translate treat trigger try turn type understand unlock update upgrade upload use validate verify view visualize wait want warn watch work wrap write annotate archive audit authenticate backport batch benchmark bump compress decode decrypt deprecate drain edit embed empty encrypt enqueue flush hash lint parse pause pin plan propose prune publish purge query rebase resume review rollback rotate sanitize scaffold scan seed sign squash stub swap sync tag throttle tune upload vendor verify version'.split(
    ' ',
  )
export const baseForms = new Set(verbs)
const third = (verb: string) =>
  verb === 'have'
    ? 'has'
    : /(?:s|x|z|ch|sh|o)$/.test(verb)
      ? `${verb}es`
      : /[^aeiou]y$/.test(verb)
        ? `${verb.slice(0, -1)}ies`
        : `${verb}s`
const gerund = (verb: string) =>
  /(?:ee|oe|ye)$/.test(verb)
    ? `${verb}ing`
    : /ie$/.test(verb)
      ? `${verb.slice(0, -2)}ying`
      : /e$/.test(verb)
        ? `${verb.slice(0, -1)}ing`
        : /^(?:[^aeiou]*[aeiou][bdgklmnprt]|begin|commit|control|forget|occur|permit|refer|submit|transfer)$/.test(
              verb,
            ) && !/(?:[ao]w|lead|open)$/.test(verb)
          ? `${verb}${verb.at(-1)}ing`
          : `${verb}ing`
export const baseOfThird = new Map(verbs.map(verb => [third(verb), verb]))
export const baseOfGerund = new Map(verbs.map(verb => [gerund(verb), verb]))

const auxiliaries =
  /^(?:is|are|was|were|can|could|will|would|should|must|may|might|has|have|does|do|cannot|can['’]t|isn['’]t|aren['’]t|wasn['’]t|doesn['’]t|don['’]t|won['’]t|shouldn['’]t|couldn['’]t)$/i
export const clauseWords =
  /^(?:that|which|who|whom|whose|when|where|if|because|while|although|though|since|unless|until|whether|but|so|to|how|what|why|than|as)$/i
export const anaphor =
  /\b(?:it|its|itself|they|them|their|theirs|this|these|those|he|she|his|her|such|one|ones|former|latter|here|there|we|us|our|ours|I|my)\b/i

const stopped = new Set(
  'a an the of to in on at for from by with and or but if then else when while as is are was were be been being do does did has have had can could will would should must may might not no it its this that these those you your they them their we our us i my what which who how why where there here than so such into over under about after before between more most some any all each other one two also only just use used using make makes made get gets'.split(
    ' ',
  ),
)
export function terms(text: string): Set<string> {
  const found = new Set<string>()
  for (const [word] of text.toLowerCase().matchAll(/[a-z][a-z0-9_]+/g)) {
    if (!stopped.has(word))
      found.add(word.length > 4 ? word.replace(/(?:ies|es|s|ing|ed|er|ion|e)$/, '') : word.replace(/s$/, ''))
  }
  return found
}

export const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

export const count = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length

/** A phrase as it stands inside a sentence: title case goes, names stay as the document writes them in its prose. */
export function lower(phrase: string, scene: { prose: string }): string {
  if (
    phrase.includes(' ') &&
    new RegExp(`[a-z,] ${escaped(phrase)}\\b`).test(scene.prose) &&
    !/^(?:An?|The) /.test(phrase)
  )
    return phrase
  return phrase
    .split(/(`[^`]+`|[\s(-]+)/)
    .map(word => {
      if (!/^[A-Z]/.test(word)) return word
      if (word === 'A') return 'a'
      const core = word.replace(/(?:['’]s)?\W*$/, '')
      if (/^[A-Z0-9]{2,}s?$/.test(core) || /[a-z].*[A-Z]|\d/.test(core)) return word
      const name = count(scene.prose, new RegExp(`(?<=\\b[a-z]+,? )${escaped(core)}\\b`, 'g'))
      const noun = count(scene.prose, new RegExp(`\\b${escaped(core.toLowerCase())}\\b`, 'g'))
      return name > noun ? word : word[0]!.toLowerCase() + word.slice(1)
    })
    .join('')
}

/** A phrase out of a sentence, moved inside another: only its first word may change. */
export function inside(phrase: string, scene: { prose: string }): string {
  const [first = '', ...rest] = phrase.split(' ')
  if (rest.some(word => /^[A-Z]/.test(word)) && !/^(?:An?|The|Any|Each|All|Some|Most|Many)$/.test(first)) return phrase
  return [lower(first, scene), ...rest].join(' ')
}

/** A clause said by somebody who asks: `you` becomes `I`. */
export function asked(clause: string): string {
  return clause
    .replace(/\byou do (need|want|have)\b/gi, 'you $1')
    .replace(/\byou are\b|\byou['’]re\b/gi, 'I am')
    .replace(/\byou['’]ve\b/gi, 'I have')
    .replace(/\byou['’]d\b/gi, 'I would')
    .replace(/\byou['’]ll\b/gi, 'I will')
    .replace(/\byourself\b/gi, 'myself')
    .replace(/\byours\b/gi, 'mine')
    .replace(/\byour\b/gi, 'my')
    .replace(/\b(to|for|with|from|lets?|allows?|enables?|helps?|gives?|tells?|of) you\b/gi, '$1 me')
    .replace(/\byou\b/gi, 'I')
}

/** Subject, verb and rest of a plain clause; undefined when no simple reading is found. */
export function parse(clause: string): { subject: string; verb: string; base?: string; rest: string } | undefined {
  const tokens = clause.split(/\s+(?=(?:[^`]*`[^`]*`)*[^`]*$)/)
  for (let i = 1; i < Math.min(tokens.length - 1, 11); i++) {
    const token = tokens[i]!
    if (clauseWords.test(token) || /[,;:]$/.test(tokens[i - 1]!)) return undefined
    const before = tokens[i - 1]!.toLowerCase()
    const subject = tokens.slice(0, i).join(' ')
    if (auxiliaries.test(token)) return { subject, verb: token.toLowerCase(), rest: tokens.slice(i + 1).join(' ') }
    if (/^(?:a|an|the|of|in|on|for|to|from|by|with|and|or|your|each|every|any|no)$/.test(before)) continue
    const single = baseOfThird.get(token)
    const head = before.replace(/\W+$/, '')
    if (single && !/[^s]s$/.test(head))
      return { subject, verb: token, base: single, rest: tokens.slice(i + 1).join(' ') }
    if (baseForms.has(token) && (/[^s]s$/.test(head) || head === 'you')) {
      return { subject, verb: token, base: token, rest: tokens.slice(i + 1).join(' ') }
    }
  }
  return undefined
}

/** `are string literals immutable` out of `string literals are immutable`. */
export function inverted(clause: string, scene: Scene): string | undefined {
  const found = parse(clause.replace(/[.;:]+$/, ''))
  if (!found || anaphor.test(found.subject) || found.rest === '') return undefined
  const subject = asked(inside(found.subject, scene))
  const rest = asked(found.rest)
  if (/\b(?:it|them|this|these|those|such|they|here|we|us|our|that)\b/i.test(rest)) return undefined
  if (/\b(?:that|which|who)\b/.test(rest)) return undefined
  if (found.base) return `${found.base === found.verb ? 'do' : 'does'} ${subject} ${found.base} ${rest}`
  const verb = found.verb === 'cannot' ? "can't" : subject === 'I' && found.verb === 'are' ? 'am' : found.verb
  if (/^(?:has|have)$/.test(verb) && !/^(?:been|to|had|\w+ed)\b/.test(rest))
    return `${verb === 'has' ? 'does' : 'do'} ${subject} have ${rest}`
  return `${verb} ${subject} ${rest}`
}

export const plural = (whole: string) => {
  const phrase = whole.split(/ (?:in|of|for|with|that|from|on|to) /)[0]!
  if (/[A-Z]s$/.test(phrase)) return true
  return (
    /[^suai]s$/i.test(phrase.replace(/\s*\(.*\)$/, '')) &&
    !phrase.endsWith('`') &&
    !/(?:ops|kubernetes|devops|series|news|js|css|https|tls|process|access|class|analysis|os|basis|always)$/i.test(
      phrase,
    )
  )
}
