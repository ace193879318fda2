/**
 * Runs `work` on each item with at most `concurrency` under way, and yields the results in the order of the items.
 * Nothing is read ahead of the window, so memory is bounded by `concurrency` items.
 * When the consumer stops early or an item fails, the work under way is awaited before the generator ends.
 */
export async function* mapOrdered<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  concurrency: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const underWay: Promise<Result>[] = []
  try {
    for await (const item of items) {
      const result = work(item)
      result.catch(() => {})
      underWay.push(result)
      if (underWay.length >= concurrency) yield await underWay.shift()!
    }
    while (underWay.length > 0) yield await underWay.shift()!
  } finally {
    await Promise.allSettled(underWay)
  }
}
