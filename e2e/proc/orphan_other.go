//go:build !linux

package proc

import "syscall"

// orphanless does what can be done without Linux: nothing.
func orphanless() *syscall.SysProcAttr { return nil }
