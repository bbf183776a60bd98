//go:build noasm || !amd64

package nn

// detect returns nil: there are no kernels in assembly.
func detect() *vectors { return nil }
