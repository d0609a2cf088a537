/** Where an identifier is in use; a recipe may name a region instead of its entities. */
export const regions = ['any', 'us', 'uk', 'eu', 'in', 'kr', 'jp'] as const
export type Region = (typeof regions)[number]

/**
 * What is known of an entity: its label in placeholders, where it is in use, and the words that make a value of its form
 * more likely to be one when they stand near; `far` words make it less so. `checked`: values carry a check digit that is tested. `asked`: looked for
 * only when a recipe names it.
 */
export type About = { label: string; region: Region; near?: string; far?: string; checked?: true; asked?: true }

/** Numbers of other things that are written in the same groups. */
const parcels =
  'tracking|parcel|shipment|orders?|invoice|member|ref|伝票|追跡|送り状|荷物|(?:会員|受付|登録|予約|契約|顧客|整理|管理|注文|お問い?合わせ)番号'

/** Earlier entities win over later ones where score and length are the same. */
const table = {
  secret: { label: 'SECRET', region: 'any' },
  'credit-card': {
    label: 'CARD',
    region: 'any',
    checked: true,
    near: 'cards?|credit|debit|visa|mastercard|amex|maestro|diners|jcb|cc|pan|payment|カード|クレジット',
  },
  iban: { label: 'IBAN', region: 'any', checked: true, near: 'iban|account|bank|swift|bic' },
  'crypto-address': {
    label: 'CRYPTO_ADDRESS',
    region: 'any',
    checked: true,
    near: 'wallet|btc|bitcoin|crypto|ビットコイン',
  },
  email: { label: 'EMAIL', region: 'any' },
  'ip-address': { label: 'IP_ADDRESS', region: 'any', near: 'ip|ipv4|ipv6|host|client|server|login|logged|アドレス' },
  'mac-address': { label: 'MAC_ADDRESS', region: 'any' },
  'jp-my-number': {
    label: 'MY_NUMBER',
    region: 'jp',
    checked: true,
    near: 'my ?number|individual number|マイナンバー|個人番号|通知カード',
    far: parcels,
  },
  'in-aadhaar': { label: 'AADHAAR', region: 'in', checked: true, near: 'aadhaar|aadhar|uidai|uid', far: parcels },
  'pl-pesel': { label: 'PESEL', region: 'eu', checked: true, near: 'pesel' },
  'kr-rrn': {
    label: 'RRN',
    region: 'kr',
    checked: true,
    near: 'rrn|resident registration|주민등록번호|주민번호|주민',
  },
  'fr-nir': {
    label: 'NIR',
    region: 'eu',
    checked: true,
    near: 'nir|insee|s[ée]curit[ée] sociale|num[ée]ro de s[ée]cu',
  },
  'de-tax-id': {
    label: 'TAX_ID',
    region: 'eu',
    checked: true,
    near: 'steuer-?id|steueridentifikationsnummer|steuerliche|idnr|tin|tax id|tax identification',
  },
  'it-codice-fiscale': { label: 'CODICE_FISCALE', region: 'eu', checked: true, near: 'codice fiscale|cf|fiscal code' },
  'es-nif': { label: 'NIF', region: 'eu', checked: true, near: 'nif|dni|documento nacional' },
  'es-nie': { label: 'NIE', region: 'eu', checked: true, near: 'nie|extranjero' },
  'uk-nhs': { label: 'NHS_NUMBER', region: 'uk', checked: true, near: 'nhs|national health' },
  'uk-nino': { label: 'NINO', region: 'uk', near: 'nino|ni number|national insurance|insurance number' },
  'us-ssn': { label: 'SSN', region: 'us', near: 'ssn|ssns|social security|social' },
  'us-itin': { label: 'ITIN', region: 'us', near: 'itin|taxpayer|individual tax' },
  'us-npi': { label: 'NPI', region: 'us', checked: true, near: 'npi|provider' },
  'us-bank-routing': { label: 'ROUTING_NUMBER', region: 'us', checked: true, near: 'routing|aba|rtn|transit|ach|wire' },
  'us-mbi': { label: 'MBI', region: 'us', near: 'mbi|medicare|beneficiary' },
  'in-pan': { label: 'PAN', region: 'in', near: 'pan|permanent account|income tax' },
  'jp-residence-card': { label: 'RESIDENCE_CARD', region: 'jp', near: 'residence card|在留カード|在留' },
  'jp-passport': { label: 'PASSPORT', region: 'jp', near: 'passport|旅券|パスポート' },
  'us-passport': { label: 'PASSPORT', region: 'us', near: 'passport' },
  'jp-driver-licence': {
    label: 'DRIVER_LICENCE',
    region: 'jp',
    near: "運転免許|免許証|免許|driver'?s? licen[cs]e|driving licen[cs]e",
  },
  'us-driver-licence': {
    label: 'DRIVER_LICENCE',
    region: 'us',
    near: "driver'?s? licen[cs]e|drivers? permit|driving licen[cs]e|licen[cs]e (?:number|no|#)|dl|license",
  },
  'jp-pension-number': { label: 'PENSION_NUMBER', region: 'jp', near: '年金|pension' },
  'jp-health-insurance': {
    label: 'HEALTH_INSURANCE',
    region: 'jp',
    near: '保険者番号|保険証|健康保険|被保険者|insurer',
  },
  'jp-bank-account': {
    label: 'BANK_ACCOUNT',
    region: 'jp',
    near: '普通|当座|貯蓄|口座|振込|ゆうちょ|記号|futsu|toza',
  },
  'jp-address': { label: 'ADDRESS', region: 'jp', near: '住所|所在地|居所|お届け先|送付先|宛先' },
  'jp-postal-code': { label: 'POSTAL_CODE', region: 'jp', near: '郵便番号|〒|住所|postal code|zip' },
  phone: {
    label: 'PHONE',
    region: 'any',
    near: 'phones?|tel|telephone|mobile|cell|cellphone|call|calls|calling|called|fax|whatsapp|dial|ring|texts?|text me|sms|messages?|hotline|contact|reach|answering|extension|電話|携帯|連絡先|ファックス|ファクス|お問い?合わせ(?!番号)',
    far: `${parcels}|nhs|npi|pesel|steuer|idnr|nir|insee|s[ée]cu|aadhaar|uidai|rrn|주민|passport|iban|account|マイナンバー|個人番号`,
  },
  'date-of-birth': {
    label: 'DATE_OF_BIRTH',
    region: 'any',
    near: 'born|birth|birthday|birthdate|dob|d\\.o\\.b|生年月日|誕生日|生まれ',
  },
  person: { label: 'PERSON', region: 'any', asked: true },
  address: { label: 'ADDRESS', region: 'any', asked: true },
  organisation: { label: 'ORGANISATION', region: 'any', asked: true },
  date: { label: 'DATE', region: 'any', asked: true },
  url: { label: 'URL', region: 'any', asked: true },
} as const satisfies { [entity: string]: About }

export type Entity = keyof typeof table
export const entities: { [E in Entity]: About } = table
export const entityNames = Object.keys(table) as [Entity, ...Entity[]]
/** Of these only a model can tell; rules find none. */
export const taught = ['person', 'address', 'organisation'] as const satisfies Entity[]
export const byRules = entityNames.filter(name => !(taught as readonly Entity[]).includes(name))
export const priority: { [E in Entity]: number } = Object.fromEntries(entityNames.map((name, i) => [name, i])) as never

/** The entities that names of entities and regions stand for; without any, all that need not be asked for. Secrets are always among them. */
export function chosen(names: readonly (Entity | Region)[] | undefined): Set<Entity> {
  const all = names
    ? byRules.filter(name => names.includes(name) || (names.includes(table[name].region) && !('asked' in table[name])))
    : byRules.filter(name => !('asked' in table[name]))
  return new Set<Entity>(['secret', ...all])
}

/** Words as one expression: Latin ones whole, others anywhere. */
export function wordsNear(words: string): RegExp {
  return new RegExp(`(?<![a-z])(?:${words})(?![a-z_])`)
}
