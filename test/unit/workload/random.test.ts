import { expect, test } from 'vitest'
import { Random } from '../../support/workload/random.ts'

test('the same seed gives the same choices, another seed others', () => {
  const choices = (seed: string): number[] => {
    const random = new Random(seed)
    return Array.from({ length: 50 }, () => random.between(0, 1_000_000))
  }
  expect(choices('soak/0/1')).toEqual(choices('soak/0/1'))
  expect(choices('soak/0/1')).not.toEqual(choices('soak/0/2'))
  expect(choices('soak/0/1')).not.toEqual(choices('soak/1/1'))
})

test('numbers are spread evenly, both ends included', () => {
  const random = new Random('spread')
  const counts = new Map<number, number>()
  for (let round = 0; round < 8000; round++) {
    const number = random.between(-3, 4)
    counts.set(number, (counts.get(number) ?? 0) + 1)
  }
  expect([...counts.keys()].toSorted((a, b) => a - b)).toEqual([-3, -2, -1, 0, 1, 2, 3, 4])
  for (const count of counts.values()) expect(count).toBeGreaterThan(800)
})

test('a weight of nothing is never chosen', () => {
  const random = new Random('weights')
  const chosen = new Set(Array.from({ length: 2000 }, () => random.weighted({ often: 9, rarely: 1, never: 0 })))
  expect([...chosen].toSorted()).toEqual(['often', 'rarely'])
})

test('a sample holds different items, and all of them where there are too few', () => {
  const random = new Random('sample')
  const sample = random.sample([1, 2, 3, 4, 5], 3)
  expect(new Set(sample).size).toBe(3)
  expect(random.sample([1, 2], 5).toSorted()).toEqual([1, 2])
})

test('bits fill their width', () => {
  const random = new Random('bits')
  const values = Array.from({ length: 500 }, () => random.bits(40))
  expect(values.every((value) => value >= 0n && value < 1n << 40n)).toBe(true)
  expect(values.some((value) => value >= 1n << 39n)).toBe(true)
})
