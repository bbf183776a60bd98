// Package collector runs a built Collector as a child process, for demonstrations
// and end-to-end tests.
package collector

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sage-rca/sage/e2e/proc"
)

// Config says which Collector to run and how.
type Config struct {
	Binary string
	// Configs are files or "yaml:..." overlays; later ones win.
	Configs []string
	// Env is what the configuration's ${env:...} refer to, as NAME=value; it is
	// added to the environment of this process.
	Env []string
	// OTLP is where its OTLP/gRPC receiver listens, host:port. Receivers start
	// last: once that accepts connections the Collector is up.
	OTLP    string
	LogFile string
}

// Collector is a running Collector.
type Collector struct{ proc *proc.Process }

// Start runs the Collector and waits until it receives.
func Start(ctx context.Context, cfg Config) (*Collector, error) {
	if _, err := os.Stat(cfg.Binary); err != nil {
		return nil, fmt.Errorf("the Collector is not built (%w): run `make build`", err)
	}
	if err := os.MkdirAll(filepath.Dir(cfg.LogFile), 0o755); err != nil {
		return nil, err
	}
	var args []string
	for _, c := range cfg.Configs {
		args = append(args, "--config", c)
	}
	p, err := proc.Start(cfg.LogFile, append(os.Environ(), cfg.Env...), cfg.Binary, args...)
	if err != nil {
		return nil, fmt.Errorf("start the Collector: %w", err)
	}
	if err := p.Listens(ctx, cfg.OTLP); err != nil {
		_ = p.Kill() // it is of no use any more, and the first error says why
		return nil, fmt.Errorf("start the Collector: %w", err)
	}
	return &Collector{proc: p}, nil
}

// Stop ends the Collector as an operator does (SIGTERM), so that it flushes.
func (c *Collector) Stop() error { return c.proc.Stop() }

// Kill ends it as kill -9 does.
func (c *Collector) Kill() error { return c.proc.Kill() }
