import { unit } from '../../records/index.ts'
import { sentences } from '../../text/index.ts'
import {
  anaphor,
  asked,
  baseForms,
  baseOfGerund,
  baseOfThird,
  clauseWords,
  count,
  escaped,
  inside,
  inverted,
  lower,
  parse,
  plural,
  terms,
} from './english-grammar.ts'
import { sceneOf } from './english-scene.ts'
import { hole, outsideCode, type Section } from './outline.ts'
import type { Grade, Question, Rules, Scene } from './rules.ts'

const demonstrative =
  /\b(?:this|these|those|such an?|that (?:case|way|point|time|kind|type|value|method|function|code|file|data|one|same))\b/i

/** Sentences that need the page they stand on, or tell its story rather than state something. */
const unusable = [
  new RegExp(hole),
  /\b(?:listing|figure|chapter|appendix|table|step) (?:\d|[A-Z]\b)/i,
  /\b(?:this|that|these|the|next|previous|following|last|preceding|current|our|a later|the rest of the|each|coming) (?:chapters?|sections?|pages?|guides?|tutorials?|documents?|documentation|books?|articles?|listings?|figures?|tables?|examples?|snippets?|code examples?|diagrams?|outputs?|instructions|entry|glossary|paragraphs?|posts?|blog|glossary|discussion|recipes?|changelog|release notes|migration guide)\b/i,
  /\bas (?:shown|described|mentioned|discussed|explained|noted|seen|defined|outlined|you (?:can )?see|we|before|follows)\b/i,
  /\b(?:above|below|aforementioned|previously (?:mentioned|discussed)|mentioned (?:earlier|before)|earlier|later on|so far|shown here|as follows|at the time of writing)\b/i,
  /\b(?:[Ww]e|us|[Oo]urs?|[Ll]et['’]s|[Mm]y)\b|\bI\b(?![/.])|\bhere\b/,
  /\b(?:next|later|again|try it|a try|in mind|though you|as usual)[.!]$|\b(?:keep|bear) (?:this|that|these|in mind)\b|^(?:give|go ahead|just (?:know|remember))\b/i,
  /^(?:let|consider|recall|remember|imagine|suppose|say|note how|notice|look|try|take|think|congratulations|welcome|say|refer|continue|click|now|next|first|then|finally|second|third|here|okay|ok|well|thanks|intense|for now|for more|for details|for further|for additional|to learn|to illustrate|to see this|before continuing|sorry|please be aware)\b/i,
  /\b(?:learn more|read more|more information|for more|more details|full list|full details|further reading|see also|see the|refer to the|check out|find out more|documentation for|stay tuned|you(?:['’]ve| have) (?:seen|just|learned|already|now)|you['’]ll (?:see|learn|find|notice|use this|get)|you just|you might be wondering|remember)\b/i,
  /\bsee [A-Z`]|[—–] see\b|``|[\u200b-\u200d]|https?:|www\.|\{\{|\}\}|<\/?[a-z]+>|\]\(|^\W*$/,
  /\?["”']?$/,
  /(?:this|these|that) (?:program|output|error message|text|listing|line|loop|snippet|sample|command|code|project|file|test)\b/i,
  /^(?:Enable|Disable|Set|Use|Change|Turn) (?:this|it)\b/,
  /\b(?:might look|looks? like|would look|look(?:s)? something)\b/i,
  /\b(?:todo|fixme|tbd|tl;dr)\b/i,
]

/** Sentences that only send the reader elsewhere: leaving them out breaks nothing. */
const pointer =
  /^(?:(?:please )?(?:see|read|refer to|check out|check|visit|consult|follow|have a look|take a look|continue reading)\b|for (?:more|further|additional|full|advanced|a (?:full|complete|list))\b.*\b(?:see|read|refer|check|visit|consult)|(?:to learn|learn|read) more\b|[^.]*\bcan be (?:viewed|found|seen) (?:in|at|on)\b|you can (?:also )?(?:find|read|see|learn|check)\b.*\b(?:in|at|out|here|about)\b|more (?:details|information)|if you(?:['’]d like| want) to (?:learn|read|know) more)/i

const leans =
  /^(?:this|that|these|those|it|its|they|their|them|he|she|such|however|but|so|and|or|nor|thus|therefore|hence|also|additionally|moreover|furthermore|instead|otherwise|similarly|likewise|conversely|alternatively|in contrast|by contrast|on the other hand|for (?:example|instance|comparison)|in (?:this|that|these|those|such|both|either|other words|short|fact|effect|addition|particular|turn|response|most cases|all cases|some cases)|as such|as a (?:result|consequence)|consequently|meanwhile|nevertheless|nonetheless|still|yet|specifically|that is|another|others?|one (?:of (?:these|them|the)|way|option|approach|example|reason)|each|both|neither|either|all (?:of|these|the|this)|some (?:of|are)|many of|most of|none of|several of|any of|the (?:former|latter|first|second|third|last|other|same|result|rest|reason|following|only|two|three|new|next|above|resulting|problem|idea|goal|solution|advantage|benefit|difference|downside|drawback)|there|again|once (?:this|that|it|they|these|done)|doing (?:so|this|that)|by (?:doing|default|this|that|the same)|because (?:it|they|this|that|these|of this|of that)|if (?:it|they|this|that|so|not|these|any|none|one|both|either)|when (?:it|they|this|that|these|done)|while (?:it|this|these|they)|without (?:it|this|that|these|them)|with (?:this|that|these|it|all|them)|at (?:this|that)|from (?:this|there|that)|for (?:this|that|these|those)|of (?:these|those|course)|to (?:do (?:this|that|so)|this|that|achieve (?:this|that)|get around|fix|solve|avoid|prevent|address|battle) ?(?:this|that|it)?|not only|even|only|unfortunately|luckily|fortunately|indeed|actually|finally|additional|after (?:that|this|which)|before (?:that|this)|since (?:this|that|it|they)|given (?:this|that|these)|like(?:wise)?,|more(?:over)?,|too,|generally,|usually,|traditionally,|typically,|ideally,|previously,|optionally,|overall,|basically,|internally,|now)\b/i

function grade(sentence: string): Grade {
  const count = sentence.split(/\s+/).length
  if (pointer.test(sentence) && /[.!]$/.test(sentence)) return 'pointer'
  if (count < 4 || count > 60 || unusable.some(pattern => pattern.test(sentence))) return 'bad'
  if (!/^["“'(`]*[\p{Lu}\p{N}`]/u.test(sentence) && !/^[a-z]+[A-Z]/.test(sentence)) return 'bad'
  if (/\bfollowing\b/.test(sentence) && !/:$/.test(sentence)) return 'bad'
  if ((sentence.match(/\(/g)?.length ?? 0) !== (sentence.match(/\)/g)?.length ?? 0)) return 'bad'
  if (!/[.!:]["”')]*$/.test(sentence)) return 'bad'
  if (/:$/.test(sentence)) {
    if (/\b(?:guides|articles|links|resources|pages|recipes)\b[^,]*:$/.test(sentence)) return 'pointer'
    return /^(?:once|if|after|because|while|since|although|unless)\b[^,]*:$/i.test(sentence) ? 'bad' : 'intro'
  }
  if (
    /^[A-Z][a-z]+s (?:an?|the|whether|how|all|if|when) /.test(sentence) &&
    baseOfThird.has(sentence.split(' ')[0]!.toLowerCase())
  )
    return 'lean'
  if (/\b(?:than|exactly|just|do|doing|like|of|with|about|for|after|before) that(?=[,.;:)]|$)/.test(sentence))
    return 'lean'
  if (leans.test(sentence) || demonstrative.test(sentence)) return 'lean'
  const early = sentence.split(/\s+/).slice(0, 4).join(' ')
  return anaphor.test(early) ? 'lean' : 'free'
}

const reference =
  /(?:chapter|section|listing|figure|appendix|above|below|earlier|previous|later|see|as we|we['’]ll|discuss|for (?:more|details)|next)\b/i

function clean(sentence: string): string {
  return outsideCode(sentence, part =>
    part.replace(/\s*\(([^()]*)\)/g, (whole, inside: string) =>
      reference.test(inside) || inside.includes(hole) || inside.trim() === '' ? '' : whole,
    ),
  )
    .replace(
      /,? (?:as|which) (?:shown|described|we (?:discussed|described|saw|covered)|discussed|mentioned|explained|defined|seen|noted) (?:in|above|below|earlier|previously)\b[^,.:;]*(?=[.,:;])/gi,
      '',
    )
    .replace(/,? (?:in|from|of|like in|as in) (?:Listing|Figure|Chapter) [\dA-Z][\d.–-]*/g, '')
    .replace(
      /^(?:(?:Please )?[Nn]ote that|It should be noted that|Please realize that|Keep in mind that|As you might imagine,|As the names? suggests?,|In general,|In short,|In summary,|Of course,|Basically,) (.)/,
      (_, c: string) => c.toUpperCase(),
    )
    .replace(/^(?:Note|Tip|Warning|Important): /i, '')
    .replace(/\s+([.,;:])/g, '$1')
    .replace(/ {2,}/g, ' ')
    .trim()
}

/** Splits after hiding inline code, whose full stops and capitals end nothing. */
function split(paragraph: string): string[] {
  const masked = paragraph.replace(/`[^`]+`/g, code => `C${'x'.repeat(code.length - 1)}`).replace(/\n/g, ' ')
  const pieces: string[] = []
  for (const { start, end } of sentences(masked, 'en')) {
    const piece = paragraph.slice(start, end)
    if (pieces.length > 0 && /^[a-z(,;]/.test(piece) && !/^[a-z]+[A-Z]/.test(piece))
      pieces[pieces.length - 1] += ` ${piece}`
    else pieces.push(piece)
  }
  return pieces
}

// --- phrases ---------------------------------------------------------------------------------------------------------

/** Nouns that are definite without having been introduced. */
const known =
  'compiler user users standard command operating kernel network internet cloud browser terminal main root whole entire same way ability number use need fact beginning start end top most best least first last only right left rest end-user current default latest underlying host client server system database team developer developers python rust github git web real public production runtime language lifetime scope caller caller’s repository program application code'.split(
    ' ',
  )
/** True when a question speaks of "the x" that only the page before it has introduced. */
function dangling(question: string, section: Section, scene: Scene): boolean {
  const named = terms([scene.outline.title, ...section.path].join(' '))
  for (const [, noun, next] of question.matchAll(/\b[Tt]he ([a-z][\w’'-]*)(?: ([\w`’'-]+))?/g)) {
    const qualified =
      /^(?:of|that|which|for|between|in|on|to|from|with|your|my)$/.test(next ?? '') || /^`/.test(next ?? '')
    if (!qualified && !known.includes(noun!) && ![...terms(`${noun} ${next ?? ''}`)].some(term => named.has(term)))
      return true
  }
  return /\b(?:as well|also|too|instead|otherwise|another|the other|different|both|similar|more \w+)\W*$|\bdefined earlier\b|\bas follows\b|\b(?:first|second|third) (?:one|case|option|way)\b/i.test(
    question.replace(/\?$/, '').replace(/ in \w+$/, ''),
  )
}

/** True when a question names something: a name, code, or the concept the document is about. */
function specific(question: string, scene: Scene): boolean {
  const body = question.replace(/^In \w+, /, 'x ')
  if (scene.domain && new RegExp(`\\b${escaped(scene.domain)}\\b`, 'i').test(question)) return true
  if (/`|\S \(?[A-Z][\w.-]*[a-zA-Z]/.test(body.replace(/\bI\b/g, ''))) return true
  const concept = scene.topic?.phrase.replace(/^an? /, '').replace(/\s*\(.*\)$/, '')
  if (concept && question.toLowerCase().includes(concept.toLowerCase())) return true
  return question.split(' ').length >= 12
}

/** Condition and consequence of `If A, B` and the like. */
function clauses(sentence: string, word: string): [string, string] | undefined {
  const found = new RegExp(`^${word} ((?:[^,(]|\\([^)]*\\)){12,130}), (?:then )?(.{12,})$`, 'i').exec(sentence)
  if (
    !found ||
    /^(?:and|or|but|such|for example|including|like|which|where|rather|not|even|then and)\b/i.test(found[2]!)
  )
    return undefined
  return [found[1]!, found[2]!.replace(/\.$/, '')]
}

function inDomain(question: string, scene: Scene): string {
  const { domain } = scene
  if (
    !domain ||
    /\b(?:on|in) (?:Linux|macOS|Windows|Unix)\b/.test(question) ||
    new RegExp(`\\b${escaped(domain)}\\b`, 'i').test(question)
  )
    return `${question}?`
  return question.length > 70
    ? `In ${domain}, ${question[0]!.toLowerCase()}${question.slice(1)}?`
    : `${question} in ${domain}?`
}

// --- questions of a section -----------------------------------------------------------------------------------------------

const skipHeading =
  /^(?:summary|overview|introduction|conclusion|related|see also|further|next steps|references?|resources|notes?|faq|examples?|usage|basic usage|installation|prerequisites|what['’]s next|table of contents|contents|changelog|acknowledg|license|credits|links|quick|getting|troubleshooting|appendix|options?|parameters|arguments|returns?|caveats|tips|other|misc|methodology|status|about|background)/i

function fromHeading(heading: string, scene: Scene): Question | undefined {
  const plain = heading
    .replace(/^[\d.]+\s+/, '')
    .replace(/[.:]$/, '')
    .trim()
  if (plain === '' || skipHeading.test(plain) || plain.split(' ').length > 11) return undefined
  if (/\b(?:this|these|our|we|us|it|your first|X)\b/i.test(plain) || /[!]$/.test(plain)) return undefined
  const q = (text: string, kind: Question['kind'], difficulty: Question['difficulty'], trust: number): Question => ({
    text,
    kind,
    difficulty,
    trust,
    whole: true,
    about: plain,
  })
  const words = plain.split(' ')
  const first = words[0]!.toLowerCase()
  const rest = asked(lower(words.slice(1).join(' '), scene))
  const how = /^how to (.+?)\??$/i.exec(plain)?.[1]
  if (how) return q(inDomain(`How do I ${asked(lower(how, scene))}`, scene), 'how', 'medium', 0.9)
  if (
    /^what to\b/i.test(plain) ||
    (/\bthe [a-z]+(?:$| (?!of|for|in|to|on)[a-z])/.test(lower(plain, scene)) &&
      ![...terms(plain)].some(term => terms(scene.outline.title).has(term)))
  )
    return undefined
  if (plain.endsWith('?')) {
    if (
      !/^(?:what|why|how|when|which|where|who|should|can|do|does|is|are)\b/i.test(plain) ||
      words.length < 4 ||
      anaphor.test(plain.replace(/\bI\b/g, ''))
    )
      return undefined
    return q(
      inDomain(`${words[0]} ${asked(lower(words.slice(1).join(' '), scene)).slice(0, -1)}`, scene),
      first === 'why' ? 'why' : first === 'how' ? 'how' : 'what',
      'medium',
      0.9,
    )
  }
  if (/^when to /i.test(plain))
    return q(inDomain(`When should I ${asked(lower(words.slice(2).join(' '), scene))}`, scene), 'which', 'medium', 0.9)
  const verb = first === 'helping' ? undefined : baseOfGerund.get(first)
  if (verb && words.length > 1 && !/^(?:with|and|vs|from|at|in|on|under|during|to|up)$/i.test(words[1]!)) {
    return q(inDomain(`How do I ${verb} ${rest}`, scene), 'how', 'medium', 0.8)
  }
  if (
    baseForms.has(first) &&
    words.length > 2 &&
    !/^(?:test|report|log|type|set|state|document|order|list|process|format|release|map|name|link|index|group|match|run|build|cache|trace|code|profile|point|focus|benefit|control|target|label|work|watch|spy|mock|share|lock|function|use|debug|request|record|return|request)$/.test(
      first,
    )
  ) {
    return q(inDomain(`How do I ${first} ${rest}`, scene), 'how', 'medium', 0.75)
  }
  const listed =
    /^(guidelines|rules|requirements|benefits|advantages|disadvantages|limitations|differences|types|kinds|ways|reasons|goals|principles|best practices|risks|responsibilities|criteria|drawbacks|common (?:mistakes|pitfalls|errors|problems|issues)) (for|of|to|between|when|with|in) (.+)$/i.exec(
      plain,
    )
  if (listed)
    return q(
      inDomain(`What are the ${listed[1]!.toLowerCase()} ${listed[2]} ${asked(lower(listed[3]!, scene))}`, scene),
      'what',
      'medium',
      0.9,
    )
  return undefined
}

function ofSection(section: Section, scene: Scene, first: string): Question[] {
  const heading = section.path.at(-1) ?? scene.outline.title
  const topic = scene.topic
  const out: Question[] = []
  if (topic && section.path.length <= 2) {
    const { phrase, plural: many } = topic
    if (/^(?:the )?problems? (?:it|they) (?:address|solve)/i.test(heading)) {
      const text = pick(phrase, [
        `What problem ${many ? 'do' : 'does'} ${phrase} address?`,
        `Which problem ${many ? 'are' : 'is'} ${phrase} meant to solve?`,
        `Why ${many ? 'are' : 'is'} ${phrase} needed?`,
      ])
      out.push({ text, kind: 'problem', difficulty: 'medium', trust: 1, whole: true, topic: phrase })
    } else if (/^how (?:it|they) helps?/i.test(heading)) {
      const text = pick(phrase, [
        `How ${many ? 'do' : 'does'} ${phrase} help, and what ${many ? 'do they' : 'does it'} make possible?`,
        `What are the benefits of ${phrase}?`,
        `What does a team gain from ${phrase}?`,
      ])
      out.push({ text, kind: 'benefit', difficulty: 'medium', trust: 1, whole: true, topic: phrase })
    } else if (/^how (?:it|they) works?/i.test(heading)) {
      out.push({
        text: inDomain(`How ${many ? 'do' : 'does'} ${phrase} work`, scene),
        kind: 'how',
        difficulty: 'medium',
        trust: 1,
        whole: true,
        topic: phrase,
      })
    }
  }
  if (out.length === 0 && section.path.length > 0) {
    const made = fromHeading(heading, scene)
    if (made && specific(made.text, scene)) out.push(made)
  }
  const definition = define(first, section, scene)
  if (definition && !out.some(q => q.kind === 'what')) out.push({ ...definition, trust: 1 })
  return out
}

/** One of several wordings, always the same one for the same subject. */
const pick = (subject: string, wordings: string[]) => wordings[Math.floor(unit(subject) * wordings.length)]!

/** `What is X?` out of a sentence that defines the title, the heading or an emphasised term. */
function define(sentence: string, section: Section, scene: Scene): Question | undefined {
  const found =
    /^(?:In the context of [\w ]+, |In computing, |In \w+, )?((?:An? |The term |The )?(?:`[^`]+`|[\w.+/#-]+)(?: (?:`[^`]+`|[\w.+/#()-]+)){0,5}?),?(?: \([^)]*\)| or [^,]+,|,? (?:often|sometimes|also|commonly) (?:abbreviated as|called|known as) [^,]+,)? (is|are|refers to|refer to|means|describes|represents) (?:an?|the|one of|any|when|how|what|software|hardware|(?:[a-z-]+ ){0,2}[a-z-]+s (?:that|which|of|for|to|used|where|you)|not an?)\b/.exec(
      sentence,
    )
  if (!found) return undefined
  const phrase = found[1]!.replace(/^The term /i, '')
  const bare = phrase.replace(/^(?:An?|The) /i, '').toLowerCase()
  const known = [scene.outline.title, ...section.path].map(name => name.toLowerCase().replace(/\s*\(.*\)/, ''))
  const same = (name: string) =>
    name === bare ||
    name.replace(/s$/, '') === bare.replace(/s$/, '') ||
    (bare.length > 3 && (name.startsWith(`${bare} `) || bare.startsWith(`${name} `)))
  const introduced = scene.outline.terms.has(bare)
  if (!introduced && !known.some(same)) return undefined
  if (bare.split(' ').length > 5 || anaphor.test(bare) || /^(?:note|result|example|type|value|default|way)$/.test(bare))
    return undefined
  const many = found[2] === 'are' || found[2] === 'refer to'
  const article =
    /^(An?) /i.exec(phrase)?.[1]?.toLowerCase() ??
    (/^The /.test(phrase) && introduced ? 'the' : /^The /.test(phrase) ? 'the' : '')
  const text = `What ${many ? 'are' : 'is'} ${article ? `${article} ` : ''}${inside(phrase.replace(/^(?:An?|The) /i, ''), scene)}`
  if (/^What is the [a-z]+$/.test(text)) return undefined
  // A countable noun without its article is telegraphic English.
  if (
    /^What is [a-z-]+$/.test(text) &&
    !known.includes(bare) &&
    !/(?:ing|tion|ity|ment|ance|ence|ness|ware)$/.test(text)
  )
    return undefined
  const isName = /^What (?:is|are) (?:the )?[A-Z]/.test(text)
  // The section is about its title; a term met on the way is defined by its own lines.
  const whole = known.some(same)
  return {
    ...(whole ? { whole } : {}),
    text: isName ? `${text}?` : inDomain(text, scene),
    kind: 'what',
    difficulty: 'easy',
    trust: 0.95,
  }
}

// --- questions of a sentence ------------------------------------------------------------------------------------------------

function ofSentence(sentence: string, section: Section, scene: Scene): Question[] {
  const out: Question[] = []
  const add = (raw: string | undefined, kind: Question['kind'], difficulty: Question['difficulty'], trust: number) => {
    const text =
      raw &&
      outsideCode(raw, part =>
        part.replace(/ \([^()]*\)/g, '').replace(/ (?:anyway|explicitly|yourself|myself)(?=[?]| in )/g, ''),
      )
    if (
      !text ||
      text.length > 170 ||
      text.split(' ').length < 4 ||
      text.includes(hole) ||
      /[:;]/.test(text.replace(/`[^`]*`/g, '')) ||
      /`'|`[a-z_]+` and `[a-z_]+` values|\bthat\?$/.test(text) ||
      dangling(text, section, scene) ||
      !specific(text, scene)
    )
      return
    out.push({ text: `${text[0]!.toUpperCase()}${text.slice(1)}`.replace(/\s+/g, ' '), kind, difficulty, trust })
  }
  const whole = (text: string | undefined) => (text ? inDomain(text.replace(/[.,;:!?]+$/, ''), scene) : undefined)
  const definition = define(sentence, section, scene)
  if (definition) out.push(definition)

  const because = /^([^;:]{15,140}?),? because ([^.]{15,})\.?$/.exec(sentence)
  if (because && !/^(?:because|if|when|this|that|it)\b/i.test(because[1]!)) {
    const clause = because[1]!.replace(/^(?:However|But|So|Also|Therefore|Similarly|Likewise), /, '')
    const main = inverted(clause, scene)
    add(main && whole(`Why ${main}`), 'why', 'hard', 0.85)
  }
  const since = clauses(sentence, 'Because(?! of)')
  if (since && !anaphor.test(since[0])) {
    const main = inverted(since[1].replace(/[,;].*$/, ''), scene)
    add(main && !/\b(?:it|its|they|them|their)\b/.test(main) ? whole(`Why ${main}`) : undefined, 'why', 'hard', 0.75)
  }
  const thats = /^(?:That|This) is (?:also )?why ([^;:]+)[.;:]/.exec(sentence)
  if (thats) {
    const main = inverted(thats[1]!.replace(/\balso /, ''), scene)
    add(main && whole(`Why ${main}`), 'why', 'hard', 0.9)
  }
  const want =
    /^(?:If|When|In case) you (?:want|need|wish|would like|have|decide you want|['’]d like) to (?:try to )?([^,]{8,110}), (.+)$/.exec(
      sentence,
    )
  const purpose =
    /^(?:In order to|To) ([a-z]+ [^,]{6,100}), (?:you (?:can|need|must|should|have|will|may)|do|run|use|add|set|create|call|pass|specify|install|make sure|enable|open|put|define|wrap|start|import|provide|simply|the|first|prefer|write)\b/.exec(
      sentence,
    )
  const otherwise = /\binstead\b(?! of)/.test(sentence)
  const goal = otherwise
    ? undefined
    : [want?.[1], purpose?.[1]].find(
        words => words !== undefined && !/^(?:be|have|know|see|get|help)\b|^\w+ (?:\w+ly|to)\b/.test(words),
      )
  if (goal && (want || baseForms.has(goal.split(' ')[0]!)) && !anaphor.test(goal)) {
    add(whole(`${want ? 'How can I' : 'How do I'} ${asked(goal)}`), 'how', 'medium', 0.9)
  } else if (!want) {
    for (const word of ['If', 'When']) {
      const pair = clauses(sentence, word)
      if (
        !pair ||
        anaphor.test(pair[0].replace(/\bI\b/g, '')) ||
        /\bthat$|\bthat (?:and|or)\b|^user /.test(pair[0]) ||
        /\bwere\b|^\w+ed (?:in|by|with|to|as|from|on)\b|\b(?:unsure|curious|wondering)\b|^(?:not|so|possible|needed|necessary|desired|in doubt|using)\b/i.test(
          pair[0],
        )
      )
        continue
      const condition = asked(inside(pair[0], scene))
      const advice =
        /^(?:you (?:can|should|must|need|may|have to|might)|use|run|add|set|call|make sure|do|prefer|try|consider|please|check|avoid|create|pass|the recommended|it(?:['’]s| is) (?:best|better|advisable|recommended|advised))\b/i.test(
          pair[1],
        )
      const doing =
        /^(?:first |initially )?\w+ing\b/.test(pair[0]) && !/^(?:nothing|something|everything|anything)/.test(pair[0])
      const vague =
        /^(?:you (?:know|think|are (?:interested|curious|unsure|familiar|looking|ready|already)|['’]re|look|understand|have any)|your idea)/.test(
          pair[0].replace('you’re', "you're"),
        )
      if (
        /^(?:there|these|this|that|those|\w+ing\b(?! `)|(?:then )?you(?:['’]ll| will) (?:see|find|notice|get))\b/i.test(
          pair[1],
        ) ||
        /\binstead\b(?! of)|\bmay help\b/.test(pair[1])
      )
        continue
      // A bare singular noun is a slip of the document that a question should not repeat.
      if (
        /^(?!a |an |the |your? |any |each |every |no |some |one |all |this |it |nothing |something |english )[a-z-]+(?: [a-z-]+)?(?<!s) (?:is|was|has|did|does)\b/i.test(
          pair[0],
        )
      )
        continue
      const concrete = /`|[a-z] [A-Z]/.test(pair[0])
      if (!concrete && (pair[0].split(' ').length < 4 || /^you(?:['’]re| are) (?:\w+ly )?\w+ing\b/.test(pair[0])))
        continue
      const joined = word.toLowerCase()
      const plan = /^you (?:plan|intend|decide|are going) to /.test(pair[0])
      const named = scene.domain && !condition.includes(scene.domain) ? scene.domain : undefined
      if (plan)
        add(
          named
            ? `In ${named}, what should I keep in mind ${joined} ${condition}?`
            : `What should I keep in mind ${joined} ${condition}?`,
          'what-if',
          'medium',
          0.75,
        )
      else if (advice && !vague)
        add(
          named ? `In ${named}, what should I do ${joined} ${condition}?` : `What should I do ${joined} ${condition}?`,
          'what-if',
          'medium',
          0.75,
        )
      else if (
        !advice &&
        !doing &&
        !vague &&
        /\b(?:will|is|are|can|cannot|can['’]t|gets?|becomes?|throws?|returns?|fails?|means|has|have|does|do|may|must|stops?|runs?|skips?|uses?|takes?|creates?|calls?)\b/.test(
          pair[1],
        )
      ) {
        const text = `what happens ${joined} ${condition}`
        add(named ? `In ${named}, ${text}?` : `${text}?`, 'what-if', 'medium', 0.75)
      }
    }
  }
  const unlike = /^Unlike ((?:`[^`]+`|[\w .'-]){3,50}), (.+)$/.exec(sentence)
  if (unlike && !anaphor.test(unlike[1]!)) {
    const subject = parse(unlike[2]!)?.subject
    if (
      subject &&
      subject.split(' ').length <= 6 &&
      !anaphor.test(subject) &&
      !/^(?:every|each|all|no)\b/i.test(subject) &&
      !clauseWords.test(subject)
    ) {
      const many = plural(subject)
      add(
        whole(`How ${many ? 'do' : 'does'} ${inside(subject, scene)} differ from ${inside(unlike[1]!, scene)}`),
        'compare',
        'hard',
        0.9,
      )
    }
  }
  const between =
    /\b(?:difference|distinction)s? between ([^,.;:]{3,40} and [^,.;:]{3,40})(?= (?:is|are|in)\b|[,.;:])/.exec(sentence)
  if (between && !anaphor.test(between[1]!))
    add(whole(`What is the difference between ${asked(between[1]!)}`), 'compare', 'hard', 0.9)
  const prefer = /\b[Pp]refer (`[^`]+`|[\w-]+) over (`[^`]+`|[\w-]+)/.exec(sentence)
  if (prefer) add(whole(`When should I prefer ${prefer[1]} over ${prefer[2]}`), 'which', 'hard', 0.85)
  const lets =
    /^((?:The |An? )?(?:`[^`]+`|[\w-]+)(?: (?:`[^`]+`|[\w-]+)){0,4}?) (?:lets|allows|enables|makes it possible for|can be used|is used|are used|let|allow|enable)\b(?: you)?(?: to| for)? .{15,}$/.exec(
      sentence,
    )
  if (
    lets &&
    !anaphor.test(lets[1]!) &&
    !/^\w+ing\b| that | which /.test(lets[1]!) &&
    /`|[A-Z]/.test(lets[1]!.slice(1)) &&
    !clauseWords.test(lets[1]!.split(' ')[0]!)
  ) {
    const many = plural(lets[1]!)
    add(whole(`What ${many ? 'are' : 'is'} ${inside(lets[1]!, scene)} used for`), 'what', 'easy', 0.8)
  }
  const noted =
    /^(The|One|An?) ((?:main |primary |key |big |only |major |biggest )?(?:advantage|benefit|drawback|disadvantage|downside|purpose|goal|limitation|risk|role|job|responsibility|point)) of ((?:`[^`]+`|[\w-]+)(?: (?:`[^`]+`|[\w-]+)){0,5}?) is\b/.exec(
      sentence,
    )
  if (noted && !anaphor.test(noted[3]!))
    add(whole(`What is ${noted[1]!.toLowerCase()} ${noted[2]} of ${asked(noted[3]!)}`), 'what', 'medium', 0.9)
  const ways =
    /^There are (two|three|four|five|several|a couple of|a few|many) ((?:main |different |major |possible )?(?:ways|kinds|types|forms|options|reasons|modes|methods|approaches|strategies|variants|levels|categories)) (?:of|to|for|in) ([^.:,;]{4,60})/.exec(
      sentence,
    )
  if (ways && !anaphor.test(ways[3]!))
    add(
      whole(
        `What ${ways[2]} ${/ways|options|methods|approaches|strategies/.test(ways[2]!) ? 'are there to' : 'are there of'} ${asked(ways[3]!)}`,
      ),
      'which',
      'medium',
      0.7,
    )
  return out
}

export const english: Rules = {
  sentences: split,
  clean,
  grade,
  resolve(sentence, topic) {
    const found = /^(It|They) (?=\w)/.exec(sentence)
    return found ? `${topic[0]!.toUpperCase()}${topic.slice(1)} ${sentence.slice(found[0].length)}` : undefined
  },
  space: ' ',
  size: text => text.split(/\s+/).length,
  scene: sceneOf,
  usable: text => !unusable.some(pattern => pattern.test(text)),
  instructs(answer) {
    const told = count(
      answer,
      /\byou(?:['’]ll)? (?:can|need to|must|should|have to|will need|may|could)\b|(?:^|[.:] )(?:Use|Run|Call|Set|Add|Specify|Define|Create|Submit|Describe|Make|Pass|Wrap|Open|Put|Install|Prefer|Choose|Enable|Import|Write|Start|Check|Avoid)\b|\bby \w+ing\b|\bto (?:use|define|create|run|add|call|set|install)\b|\buse (?:the )?`/gm,
    )
    return /^(?:```|1\. )/m.test(answer) || told >= 2
  },
  ofSection,
  ofSentence,
  terms,
}
