import { expect, test } from 'vitest'
import { withoutSecrets } from './without-secrets.ts'

test('an address is stored and printed without user, password, key and values of its query', () => {
  const told: { [address: string]: string } = {
    'https://TOKEN@host/v1': 'https://***@host/v1',
    'https://me:p@ss@host:8000/v1': 'https://***@host:8000/v1',
    'postgres://me:p/ss@host/db': 'postgres://***@host/db',
    'https://host/v1?key=abc&token=d/e@f': 'https://host/v1?key=***&token=***',
    'https://host/v1?abc': 'https://host/v1?***',
    "attach 'host=db password=abc user=me'": "attach 'host=db password=*** user=me'",
    "dbname=x password='a b'; Pwd = c": 'dbname=x password=***; Pwd = ***',
    'refused: https://k@a/ and http://b:8000/@scope/x#part': 'refused: https://***@a/ and http://b:8000/@scope/x#part',
  }
  for (const [address, shown] of Object.entries(told)) expect(withoutSecrets(address)).toBe(shown)
  for (const plain of ['http://[::1]:8000/v1', 'docs/**/*.md', 'What is it? a=b'])
    expect(withoutSecrets(plain)).toBe(plain)
})
