package main

import (
	"bufio"
	"embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
)

// peer is the same model in PyTorch.
//
//go:embed peer/*.py
var peer embed.FS

// torch is a process that takes steps in PyTorch when asked, so that it and this
// process can take turns.
type torch struct {
	cmd     *exec.Cmd
	ask     io.WriteCloser
	answers *bufio.Scanner
	dir     string
	version string
}

// torchTask is what the other process reads, beside tensors.
type torchTask struct {
	N       int     `json:"n"`       // windows in the data
	Windows [][]int `json:"windows"` // of each step
}

// startTorch starts the process on what it needs to take the same steps. The error
// wraps errSkipped where there is no PyTorch.
func startTorch(l *lockstep) (t *torch, err error) {
	python, err := torchPython()
	if err != nil {
		return nil, err
	}
	t = &torch{}
	if t.dir, err = os.MkdirTemp("", "bench-torch-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(t.dir))
		}
	}()
	text, err := json.Marshal(l.task)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{
		"task.json": text, "model.safetensors": l.model,
		"x.f64": doubles(l.data.X), "y.f64": doubles(l.data.Y), "noise.f64": doubles(l.noise),
	}
	for name, b := range files { // in any order
		if err := os.WriteFile(filepath.Join(t.dir, name), b, 0o600); err != nil {
			return nil, err
		}
	}
	sources, err := fs.Sub(peer, "peer")
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(filepath.Join(t.dir, "peer"), sources); err != nil {
		return nil, err
	}
	t.cmd = exec.Command(python, filepath.Join(t.dir, "peer", "step.py"), t.dir)
	t.cmd.Stderr = os.Stderr
	if t.ask, err = t.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := t.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	t.answers = bufio.NewScanner(out)
	t.answers.Buffer(nil, 1<<20)
	if err := t.cmd.Start(); err != nil {
		return nil, err
	}
	var hello struct{ Torch string }
	if err := t.answer(&hello); err != nil {
		return nil, errors.Join(err, t.close())
	}
	t.version = hello.Torch
	return t, nil
}

// torchPython returns an interpreter that has PyTorch.
func torchPython() (string, error) {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import importlib.util as u, sys; sys.exit(u.find_spec('torch') is None)").Run() == nil {
			return python, nil
		}
	}
	return "", fmt.Errorf("%w: no python3 here can import torch (Debian and Ubuntu: apt-get install python3-torch)", errSkipped)
}

// say asks for something and reads the answer into v.
func (t *torch) say(v any, format string, args ...any) error {
	if _, err := fmt.Fprintf(t.ask, format+"\n", args...); err != nil {
		return fmt.Errorf("pytorch: %w", err)
	}
	return t.answer(v)
}

func (t *torch) answer(v any) error {
	if !t.answers.Scan() {
		return fmt.Errorf("pytorch ended early: %w", errors.Join(t.answers.Err(), io.ErrUnexpectedEOF))
	}
	if err := json.Unmarshal(t.answers.Bytes(), v); err != nil {
		return fmt.Errorf("pytorch: %w", err)
	}
	return nil
}

// close ends the process and waits for it.
func (t *torch) close() error {
	return errors.Join(t.ask.Close(), t.cmd.Wait(), os.RemoveAll(t.dir))
}

func doubles(v []float64) []byte {
	b := make([]byte, 0, 8*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
	}
	return b
}
