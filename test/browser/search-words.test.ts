// Engines bring their own Unicode tables and regular expressions: the table by hand holds in each.

import { describe, expect, it } from 'vitest'
import { cutText, matchText } from '../../src/vault/search/match.ts'
import { parseQuery } from '../../src/vault/search/query.ts'
import { TABLE } from '../search/table.ts'

describe('texts and queries are cut alike', () => {
  it.each(Object.entries(TABLE))('%s', (_, rows) => {
    const wrong = rows.filter(([text, query, hit]) => (matchText(parseQuery(query), cutText(text), 'all') !== undefined) !== hit)
    expect(wrong).toEqual([])
  })
})
