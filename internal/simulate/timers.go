package simulate

import (
	"math"
	"time"
)

// never is later than all that happens.
const never = time.Duration(math.MaxInt64)

// timers holds one time per replica, when the next of its threads will have done
// its work, and moves it when the speed of the threads changes: a binary heap of
// replicas that knows where each of them is.
type timers struct {
	at   []time.Duration // by replica
	pos  []int32         // by replica, in heap
	heap []int32
}

func newTimers(n int) timers {
	t := timers{at: make([]time.Duration, n), pos: make([]int32, n), heap: make([]int32, n)}
	for i := range n {
		t.at[i], t.pos[i], t.heap[i] = never, int32(i), int32(i)
	}
	return t
}

// next returns the replica whose time comes first, and that time.
func (t *timers) next() (int32, time.Duration) {
	r := t.heap[0]
	return r, t.at[r]
}

func (t *timers) before(a, b int32) bool {
	return t.at[a] < t.at[b] || t.at[a] == t.at[b] && a < b
}

func (t *timers) set(r int32, at time.Duration) {
	old := t.at[r]
	if at == old {
		return
	}
	t.at[r] = at
	if at < old {
		t.up(r)
	} else {
		t.down(r)
	}
}

func (t *timers) up(r int32) {
	i := t.pos[r]
	for i > 0 {
		parent := t.heap[(i-1)/2]
		if !t.before(r, parent) {
			break
		}
		t.heap[i], t.pos[parent] = parent, i
		i = (i - 1) / 2
	}
	t.heap[i], t.pos[r] = r, i
}

func (t *timers) down(r int32) {
	i, n := t.pos[r], int32(len(t.heap))
	for {
		c := 2*i + 1
		if c >= n {
			break
		}
		if c+1 < n && t.before(t.heap[c+1], t.heap[c]) {
			c++
		}
		child := t.heap[c]
		if !t.before(child, r) {
			break
		}
		t.heap[i], t.pos[child] = child, i
		i = c
	}
	t.heap[i], t.pos[r] = r, i
}
