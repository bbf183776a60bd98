package proc

import "syscall"

// orphanless lets no child outlive a parent that was killed, and keeps a
// terminal's interrupt from reaching children before the parent stops them.
func orphanless() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
