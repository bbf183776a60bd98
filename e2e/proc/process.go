// Package proc runs child processes that listen on a port: started, awaited, stopped or
// killed, never left behind.
package proc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// patience bounds how long a process may take to start or to stop.
const patience = 20 * time.Second

// Process is a child whose output goes to a file.
type Process struct {
	cmd    *exec.Cmd
	log    *os.File
	exited chan struct{} // closed when the child has been waited for
	err    error         // of the wait; read after exited
}

// Start runs name; its output is appended to the file logPath.
func Start(logPath string, env []string, name string, args ...string) (*Process, error) {
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(name, args...)
	cmd.Env = env
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = orphanless()
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	p := &Process{cmd: cmd, log: log, exited: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// PID is the process ID.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Listens returns when addr accepts a connection, and an error when the process
// ends before, or takes too long.
func (p *Process) Listens(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-p.exited:
			return fmt.Errorf("%s ended before it listened on %s (%w); its output is in %s", p.cmd.Args[0], addr, p.err, p.log.Name())
		case <-ctx.Done():
			return fmt.Errorf("%s does not listen on %s; its output is in %s: %w", p.cmd.Args[0], addr, p.log.Name(), context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop asks the process to end, kills it where it does not, and waits for it.
// That it ended by a signal is no error. Calling it again does nothing.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.exited:
	case <-time.After(patience):
		if err := p.Kill(); err != nil {
			return err
		}
	}
	var exit *exec.ExitError
	if p.err != nil && !errors.As(p.err, &exit) {
		return p.err
	}
	return p.closeLog()
}

// Kill ends the process at once, as kill -9 does, and waits for it.
func (p *Process) Kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.exited
	return p.closeLog()
}

func (p *Process) closeLog() error {
	if err := p.log.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}
