package callgraph

import "github.com/sage-rca/sage/internal/identity"

// extra is what few spans have.
type extra struct {
	errorType string
	links     [MaxLinks]identity.Span
	n         int // links
}

// extras stores what few spans have, in numbered places that are used again.
type extras struct {
	all  []*extra
	free []int32
}

func (e *extras) take(m *More) int32 {
	last := len(e.free) - 1
	if last < 0 {
		e.all = append(e.all, new(extra))
		e.free = append(e.free, int32(len(e.all)-1))
		last = 0
	}
	i := e.free[last]
	e.free = e.free[:last]
	x := e.all[i]
	x.errorType = m.ErrorType
	x.n = copy(x.links[:], m.Links)
	return i
}

// errorType returns that of a place, which may be nowhere.
func (e *extras) errorType(i int32) string {
	if i == nowhere {
		return ""
	}
	return e.all[i].errorType
}

// links returns those of a place, which may be nowhere.
func (e *extras) links(i int32) []identity.Span {
	if i == nowhere {
		return nil
	}
	x := e.all[i]
	return x.links[:x.n]
}

func (e *extras) release(i int32) {
	e.all[i].errorType = ""
	e.free = append(e.free, i)
}
