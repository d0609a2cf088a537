/** What a unit measures, and how much of its base unit it is. */
export type Unit = { of: string; times: number }

/** Dimension, then `name times` of each unit. Names are in small letters but where case tells units apart. */
const tables: { [dimension: string]: string } = {
  length:
    'm 1|meter 1|metre 1|メートル 1|km 1000|kilometer 1000|kilometre 1000|キロメートル 1000|cm 0.01|centimeter 0.01|centimetre 0.01|センチメートル 0.01|センチ 0.01|mm 0.001|millimeter 0.001|millimetre 0.001|ミリメートル 0.001|inch 0.0254|inche 0.0254|in 0.0254|foot 0.3048|feet 0.3048|ft 0.3048|yard 0.9144|yd 0.9144|mile 1609.344|mi 1609.344',
  mass: 'kg 1|kilogram 1|キログラム 1|キロ 1|g 0.001|gram 0.001|グラム 0.001|mg 0.000001|milligram 0.000001|t 1000|tonne 1000|トン 1000|lb 0.45359237|pound 0.45359237|oz 0.028349523125|ounce 0.028349523125',
  time: 's 1|sec 1|second 1|秒 1|ms 0.001|millisecond 0.001|min 60|minute 60|分 60|h 3600|hr 3600|hour 3600|時間 3600|day 86400|日 86400|日間 86400|week 604800|週間 604800',
  volume:
    'l 1|liter 1|litre 1|リットル 1|ml 0.001|milliliter 0.001|millilitre 0.001|ミリリットル 0.001|m^3 1000|m3 1000|cm^3 0.001|cm3 0.001|gallon 3.785411784|quart 0.946352946|pint 0.473176473|cup 0.2365882365',
  area: 'm^2 1|m2 1|平方メートル 1|square meter 1|square metre 1|cm^2 0.0001|cm2 0.0001|平方センチメートル 0.0001|km^2 1000000|km2 1000000|平方キロメートル 1000000|hectare 10000|ha 10000',
  speed: 'm/s 1|km/h 0.2777777777777778|kph 0.2777777777777778|mph 0.44704|mi/h 0.44704',
  angle: '° 1|degree 1|deg 1|度 1|radian 57.29577951308232|rad 57.29577951308232',
  dollars: '$ 1|usd 1|us$ 1|dollar 1|ドル 1|cent 0.01|¢ 0.01|セント 0.01',
  euros: '€ 1|eur 1|euro 1|ユーロ 1',
  sterling: '£ 1|gbp 1',
  yen: '¥ 1|円 1|jpy 1|yen 1',
}

const units = new Map<string, Unit>()
for (const [of, list] of Object.entries(tables)) {
  for (const entry of list.split('|')) {
    const at = entry.lastIndexOf(' ')
    units.set(entry.slice(0, at), { of, times: Number(entry.slice(at + 1)) })
  }
}

/** The unit of a name, singular or plural; undefined for what is counted, such as apples. */
export function unitOf(name: string): Unit | undefined {
  const low = name.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').replace(/\.$/, '').trim()
  return units.get(low) ?? (low.length > 2 ? units.get(low.replace(/s$/, '')) : undefined)
}
