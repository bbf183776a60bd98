package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
)

// partVariable names, in a process that was started for it, the part of a section
// that it is to run: what is said of memory is said of a process of its own.
const partVariable = "SAGE_BENCH_PART"

// parts are what such processes do, by the first word of their name; the others are
// its arguments. The result is written as JSON.
func parts() map[string]func(args []string) (any, error) {
	return map[string]func([]string) (any, error){
		"scale": scalePart, "steady": steadyPart, "names": namesPart, "unmatched": unmatchedPart,
	}
}

// runPart runs a part in a process of its own and reads its result into v.
func runPart(v any, name ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), partVariable+"="+strings.Join(name, " "))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(name, " "), err)
	}
	return json.Unmarshal(out.Bytes(), v)
}

// part runs what the environment asks for. It reports false where it asks for nothing.
func part() (asked bool, err error) {
	name, args, _ := strings.Cut(os.Getenv(partVariable), " ")
	if name == "" {
		return false, nil
	}
	do, ok := parts()[name]
	if !ok {
		return true, fmt.Errorf("there is no part %q", name)
	}
	v, err := do(strings.Fields(args))
	if err != nil {
		return true, fmt.Errorf("%s %s: %w", name, args, err)
	}
	return true, json.NewEncoder(os.Stdout).Encode(v)
}

// resident returns the memory of this process in bytes, what nothing refers to any
// more given back.
func resident() (float64, error) {
	debug.FreeOSMemory()
	return residentNow()
}

// residentNow is resident with what nothing refers to any more.
func residentNow() (float64, error) { return status("VmRSS") }

// forgetPeak makes VmHWM, the most that was resident, what it is now.
func forgetPeak() error {
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		return fmt.Errorf("%w: peaks of memory are written to /proc: %w", errSkipped, err)
	}
	return nil
}

// status returns a size that the system knows of this process, in bytes.
func status(name string) (float64, error) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("%w: resident memory is read from /proc: %w", errSkipped, err)
	}
	for line := range strings.Lines(string(b)) {
		if kb, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kb), "kB")), 64)
			return n * 1024, err
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no %s", name)
}
