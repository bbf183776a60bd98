package main

import (
	"cmp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// cost is what something took.
type cost struct {
	cpu    time.Duration // of all threads
	bytes  uint64        // allocated
	allocs uint64
}

func (c cost) minus(o cost) cost {
	return cost{c.cpu - o.cpu, c.bytes - min(o.bytes, c.bytes), c.allocs - min(o.allocs, c.allocs)}
}

// spent returns what the process has taken so far.
func spent() cost {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return cost{cpuTime(), m.TotalAlloc, m.Mallocs}
}

// cpuTime returns what all threads of the process have taken so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // cannot fail with these arguments
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// perItem is a cost over a number of items.
type perItem struct{ ns, bytes, allocs float64 }

// contender is one of those that take turns.
type contender struct {
	name string
	// take is given each batch of a turn, and end is called after the last: what
	// was put off is to be done by then.
	take func(n int)
	end  func()
}

// compare has the contenders take turns, a number of rounds, and returns the cost
// of each per item beyond that of the first, which does what all do: it makes
// the next batch. Before each turn memory is collected.
//
// Of a contender's turns the lower quartile counts: what else runs on a machine
// only ever adds to what a turn takes.
func compare(s *settings, items int, contenders []contender) []perItem {
	for k := range contenders {
		if k > 0 && !strings.Contains(contenders[k].name, s.who) {
			contenders[k].take, contenders[k].end = contenders[0].take, contenders[0].end
		}
	}
	turns := make([][]cost, len(contenders))
	for _, c := range contenders { // fills caches and indexes, not measured
		turn(s.turn, c)
	}
	for range s.rounds {
		for k, c := range contenders {
			turns[k] = append(turns[k], turn(s.turn, c))
		}
	}
	out := make([]perItem, len(contenders))
	base := quartile(turns[0])
	for k, of := range turns {
		c := quartile(of).minus(base)
		n := float64(s.turn * items)
		out[k] = perItem{float64(c.cpu) / n, float64(c.bytes) / n, float64(c.allocs) / n}
	}
	return out
}

func turn(batches int, c contender) cost {
	runtime.GC()
	before := spent()
	for n := range batches {
		c.take(n)
	}
	c.end()
	return spent().minus(before)
}

// quartile returns the lower quartile of each part of costs on its own.
func quartile(of []cost) cost {
	at := len(of) / 4
	var q cost
	q.cpu = slices.SortedFunc(slices.Values(of), func(a, b cost) int { return cmp.Compare(a.cpu, b.cpu) })[at].cpu
	q.bytes = slices.SortedFunc(slices.Values(of), func(a, b cost) int { return cmp.Compare(a.bytes, b.bytes) })[at].bytes
	q.allocs = slices.SortedFunc(slices.Values(of), func(a, b cost) int { return cmp.Compare(a.allocs, b.allocs) })[at].allocs
	return q
}
