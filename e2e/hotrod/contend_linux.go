package hotrod

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/sage-rca/sage/e2e/proc"
)

// Contention is what takes the CPU from a process: other processes that compute
// on the one core that it may use, and a scheduler that prefers them.
type Contention struct {
	Core    int // that the process and the burners are bound to
	Nice    int // of the process, 0 to 19: raising it needs no privilege
	Burners int
}

// Contend binds process pid to a core that it shares with burners, until the
// returned function is called; that one ends the burners and frees the process to
// use all cores. The niceness stays, as lowering it needs privileges, and does
// not matter without competitors.
func Contend(pid int, c Contention, logPath string) (release func() error, err error) {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(pid, &all); err != nil {
		return nil, fmt.Errorf("contend: %w", err)
	}
	var one unix.CPUSet
	one.Set(c.Core)
	if err := eachThread(pid, func(tid int) error {
		return errors.Join(unix.SchedSetaffinity(tid, &one), unix.Setpriority(unix.PRIO_PROCESS, tid, c.Nice))
	}); err != nil {
		return nil, fmt.Errorf("contend: %w", err)
	}
	var burners []*proc.Process
	release = func() error {
		var errs []error
		for _, b := range burners {
			errs = append(errs, b.Kill())
		}
		errs = append(errs, eachThread(pid, func(tid int) error { return unix.SchedSetaffinity(tid, &all) }))
		return errors.Join(errs...)
	}
	for range c.Burners {
		b, err := proc.Start(logPath, os.Environ(), "sh", "-c", "while :; do :; done")
		if err != nil {
			return nil, errors.Join(err, release())
		}
		burners = append(burners, b)
		if err := unix.SchedSetaffinity(b.PID(), &one); err != nil {
			return nil, errors.Join(err, release())
		}
	}
	return release, nil
}

// eachThread calls f for every thread of pid: affinity and niceness are theirs.
// Threads that end meanwhile are no error.
func eachThread(pid int, f func(tid int) error) error {
	tasks, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(pid), "task"))
	if err != nil {
		return err
	}
	var errs []error
	for _, t := range tasks {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		if err := f(tid); err != nil && !errors.Is(err, unix.ESRCH) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
