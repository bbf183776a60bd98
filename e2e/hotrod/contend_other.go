//go:build !linux

package hotrod

import "errors"

// Contention is what takes the CPU from a process; see the Linux file.
type Contention struct{ Core, Nice, Burners int }

// Contend needs Linux.
func Contend(int, Contention, string) (func() error, error) {
	return nil, errors.New("contend: CPU contention is made with Linux's scheduler only")
}
