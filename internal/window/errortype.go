package window

// maxErrorTypes bounds the types of errors that are told apart per operation. Of
// more than that, which ones are is a matter of hashes.
const maxErrorTypes = 32

// errorTypes counts errors by type.
type errorTypes struct {
	weights map[string]float64
	highest uint64 // hash among weights, where they are full
}

// add counts an error. An error without a type is not counted here.
func (e *errorTypes) add(name string, weight float64) {
	if name == "" {
		return
	}
	if w, known := e.weights[name]; known {
		e.weights[name] = w + weight
		return
	}
	full := len(e.weights) >= maxErrorTypes
	if full && hashString(name) >= e.highest {
		return
	}
	if e.weights == nil {
		e.weights = make(map[string]float64)
	}
	if full {
		for n := range e.weights { // hashes that are equal for two names of a window do not matter
			if hashString(n) == e.highest {
				delete(e.weights, n)
				break
			}
		}
	}
	e.weights[name] = weight
	e.highest = 0
	if len(e.weights) < maxErrorTypes {
		return
	}
	for n := range e.weights {
		e.highest = max(e.highest, hashString(n))
	}
}

func (e *errorTypes) reset() {
	clear(e.weights)
	e.highest = 0
}

func (e *errorTypes) merge(o *errorTypes) {
	for n, w := range o.weights { // the order does not matter, see bottom.go
		e.add(n, w)
	}
}

// most returns the most frequent type, the least name among equals.
func (e *errorTypes) most() string {
	best, most := "", 0.0
	for n, w := range e.weights { // the maximum of a total order: any order of visits finds it
		if w > most || w == most && n < best {
			best, most = n, w
		}
	}
	return best
}
