package engine

import (
	"fmt"
	"runtime/debug"
)

// guard runs f and returns its panic as an error: the one door at which panics of
// the engine stop. A Collector must not die of a singular matrix.
func guard(f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	f()
	return nil
}
