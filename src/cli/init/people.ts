import type { Json } from '../../records/index.ts'
import type { PersonColumn } from './seen.ts'

/** Names of columns that name one person outright. */
const identifiers =
  /^(?:(?:first|last|full|family|given|middle|user|sur|maiden|customer|patient|employee|member|contact)[ _-]?name|name|e[ _-]?mail(?:[ _-]?address)?|(?:tele)?phone(?:[ _-]?(?:number|no))?|mobile|cell|tel|fax|(?:street|home|postal|mailing)?[ _-]?address(?:[ _-]?(?:line)?[ _-]?\d)?|street|ssn|passport(?:[ _-]?(?:number|no))?|tax[ _-]?id|iban|account(?:[ _-]?(?:number|no|id))?|card[ _-]?number|(?:customer|client|user|patient|employee|member|person|subject)[ _-]?(?:id|no|number|code)|ip(?:[ _-]?address)?|license[ _-]?plate)$/
const identifiersJa =
  /氏名|名前|姓$|^名$|メール|電話|携帯|住所|番地|会員番号|顧客(?:番号|id|コード)|社員番号|患者番号|マイナンバー|口座番号/
/** Names of columns that say something of a person, and together may name one. */
const attributes =
  /^(?:age|sex|gender|(?:date[ _-]?of[ _-]?)?birth(?:[ _-]?(?:date|day|year))?|birthday|dob|zip(?:[ _-]?code)?|post(?:al)?[ _-]?code|city|town|state|income|salary|wage|marital(?:[ _-]?status)?|race|ethnicity|nationality|religion|occupation|job(?:[ _-]?title)?|education(?:[ _-]?(?:num|level))?|country|native[ _-]?country|relationship|workclass|type[ _-]?employer|diagnosis|blood[ _-]?type|children|household|credit[ _-]?score)$/
const attributesJa =
  /年齢|性別|生年月日|誕生日|郵便番号|都道府県|市区町村|職業|年収|所得|婚姻|国籍|学歴|家族構成|血液型/

const plain = (name: string) =>
  name
    .trim()
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()

export function holds(name: string): 'identifier' | 'attribute' | undefined {
  const said = plain(name)
  if (identifiers.test(said) || identifiersJa.test(said)) return 'identifier'
  return attributes.test(said) || attributesJa.test(said) ? 'attribute' : undefined
}

const empty = (value: Json | undefined) => value === undefined || value === null || value === ''

/**
 * The columns of a table, where it is one of people: it names them and says something of them, or says so much of each that
 * three attributes together may name one (Sweeney 2000). Undefined for any other table. `texts` are columns whose values
 * look like addresses, numbers or names of people.
 */
export function peopleIn(
  rows: readonly { [column: string]: Json | undefined }[],
  texts: ReadonlySet<string> = new Set(),
): PersonColumn[] | undefined {
  const names = [...new Set(rows.flatMap(row => Object.keys(row)))]
  const known = names.map(name => ({ name, is: texts.has(name) ? ('identifier' as const) : holds(name) }))
  const count = (is: string) => known.filter(one => one.is === is).length
  const [named, told] = [count('identifier'), count('attribute')]
  if (!(told >= 3 || (named >= 1 && told >= 1) || named >= 2)) return undefined
  return known.map(({ name, is }) => ({
    name,
    holds: is === 'identifier' ? 'identifier' : 'attribute',
    missing: rows.some(row => empty(row[name])),
  }))
}
