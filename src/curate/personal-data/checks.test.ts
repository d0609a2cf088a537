import { expect, test } from 'vitest'
import { checkedMakers, nearMiss, soundValue } from '../../../test/support/personal-values.ts'
import { random } from '../../records/index.ts'
import * as is from './checks.ts'
import type { Entity } from './entities.ts'
import { sound } from './surrogate.ts'

test.each([
  ['payment card (test number of the brands)', is.luhn('378282246310005'), is.luhn('378282246310050')],
  ['Verhoeff 1969', is.verhoeff('2363'), is.verhoeff('2633')],
  ['ABA routing number', is.aba('111000025'), is.aba('111000052')],
  ['NPI, CMS', is.npi('1234567893'), is.npi('1234567839')],
  ['NHS number, data dictionary', is.nhs('9434765919'), is.nhs('9434765199')],
  ['NIF', is.nif('12345678Z'), is.nif('12345687Z')],
  ['NIE', is.nie('X1234567L'), is.nie('Y1234567L')],
  ['codice fiscale, decree of 1976', is.codiceFiscale('RSSMRA85T10A562S'), is.codiceFiscale('RSSMRA85T10A562T')],
  ['PESEL', is.pesel('44051401359'), is.pesel('44051401358')],
  ['Steuer-ID', is.deTaxId('86095742719'), is.deTaxId('86095742791')],
  ['Steuer-ID, three alike in a row', is.deTaxId('36574261809'), is.deTaxId('11123456789')],
  ['NIR', is.nir('255081416802538'), is.nir('255081416802583')],
  ['My Number', is.myNumber('123456789018'), is.myNumber('123456789019')],
  [
    'corporate number of the National Tax Agency',
    is.corporateNumber('7000012050002'),
    is.corporateNumber('8000012050002'),
  ],
  ['insurer number', is.luhn('33120015'), is.luhn('33120051')],
  ['ISBN', is.ean13('9780306406157'), is.ean13('9780306406175')],
  [
    'Base58Check, first block',
    is.base58Check('1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa'),
    is.base58Check('1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb'),
  ],
  [
    'Bech32, BIP 173',
    is.bech32('BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4'),
    is.bech32('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5'),
  ],
  [
    'Bech32m, BIP 350',
    is.bech32('bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0'),
    is.bech32('bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj1'),
  ],
  [
    'CRC of a token',
    is.crcToken(`${'zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ'}0mLq17`),
    is.crcToken(`${'zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ'}0mLq71`),
  ],
])('%s', (_, right, wrong) => {
  expect([right, wrong]).toEqual([true, false])
})

test.each(Object.keys(checkedMakers))(
  '%s: values made by the rules of the issuer hold, mistyped ones do not',
  entity => {
    const holds = sound[entity as Entity]!
    for (let i = 0; i < 150; i++) {
      expect(holds(soundValue(entity, random('sound', entity, i)))).toBe(true)
      const miss = nearMiss(entity, random('miss', entity, i))
      expect([miss, holds(miss)]).toEqual([miss, false])
    }
  },
)

test('numbers without a check digit since October 2020 count by their form', () => {
  expect(is.rrn('2101013000000')).toBe('formed')
  expect(is.rrn('8501011234567')).toBeUndefined()
  expect(is.rrn('2113013000000')).toBeUndefined()
})
