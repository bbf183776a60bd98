package foreign

import "container/heap"

// clock runs what is due, in order of time, of equal times in order of scheduling.
type clock struct {
	now  int64 // ns since the start
	seq  uint64
	heap agenda
}

type due struct {
	at  int64
	seq uint64
	do  func()
}

// after schedules do in d ns.
func (c *clock) after(d int64, do func()) {
	c.seq++
	heap.Push(&c.heap, due{c.now + max(d, 0), c.seq, do})
}

// until runs everything that is due before end.
func (c *clock) until(end int64) {
	for len(c.heap) > 0 && c.heap[0].at < end {
		d := heap.Pop(&c.heap).(due)
		c.now = d.at
		d.do()
	}
	c.now = end
}

// agenda is a heap.Interface.
type agenda []due

func (a agenda) Len() int { return len(a) }

func (a agenda) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].seq < a[j].seq
}

func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push implements heap.Interface.
func (a *agenda) Push(x any) { *a = append(*a, x.(due)) }

// Pop implements heap.Interface.
func (a *agenda) Pop() any {
	old := *a
	d := old[len(old)-1]
	old[len(old)-1] = due{}
	*a = old[:len(old)-1]
	return d
}
