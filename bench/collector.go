package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// collectorConfig is a pipeline of traces from OTLP; %[1]s is where it listens, %[2]s the
// processors, %[3]s where it ends, %[4]s where the exporter otlp sends to.
const collectorConfig = `
receivers:
  otlp: {protocols: {grpc: {endpoint: %[1]s}}}
  nop:
processors:
  rootcause: {input: {backfill: true}}
exporters:
  nop:
  otlp: {endpoint: %[4]s, tls: {insecure: true}, sending_queue: {enabled: false}}
service:
  telemetry: {metrics: {level: none}, logs: {level: error}}
  pipelines:
    traces: {receivers: [otlp], processors: [%[2]s], exporters: [%[3]s]}
    logs: {receivers: [nop], processors: [%[2]s], exporters: [nop]}
`

// pipeline is what two Collectors do, one of them with the processor.
type pipeline struct {
	name     string
	exporter string
	env      []string
}

// seldom has both Collectors collect garbage as seldom, as one with a memory limit
// does. With Go's defaults the one that keeps less collects more often, and the
// processor pays for itself by what it keeps.
var seldom = []string{"GOGC=off", "GOMEMLIMIT=512MiB"}

var pipelines = [...]pipeline{
	{"to nowhere, Go's defaults", "nop", nil},
	{"to nowhere, memory limit", "nop", seldom},
	{"to OTLP, memory limit", "otlp", seldom},
}

// collector is a running Collector with connections of senders.
type collector struct {
	cmd     *exec.Cmd
	dir     string
	senders []*sender
}

// sender sends one load over one connection, a request after another.
type sender struct {
	conn *grpc.ClientConn
	load *wireLoad
}

// startCollector starts a Collector with processors, ready to receive from so many
// senders, and to send to a sink.
func startCollector(binary string, p pipeline, processors, sink string, l *spanLoad, senders int) (c *collector, err error) {
	c = &collector{}
	if c.dir, err = os.MkdirTemp("", "bench-collector-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.stop())
		}
	}()
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	config := filepath.Join(c.dir, "config.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, collectorConfig, address, processors, p.exporter, sink), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(binary, "--config", config)
	cmd.Stderr = os.Stderr
	cmd.Env = append(os.Environ(), p.env...)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c.cmd = cmd
	for k := range senders {
		load, err := newWireLoad(l, uint64(k)<<56)
		if err != nil {
			return nil, err
		}
		conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.ForceCodecV2(asIs{}), grpc.WaitForReady(true)))
		if err != nil {
			return nil, err
		}
		c.senders = append(c.senders, &sender{conn, load})
	}
	return c, c.send(1)
}

// freeAddress returns an address on loopback that nobody listened to just now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// sendTimeout is how long a turn may take.
const sendTimeout = 2 * time.Minute

// send has each sender send so many requests, all at once.
func (c *collector) send(requests int) error {
	ctx, cancel := context.WithTimeout(context.Background(), sendTimeout)
	defer cancel()
	done := make(chan error)
	for _, s := range c.senders {
		go func() { done <- s.send(ctx, requests) }()
	}
	var errs []error
	for range c.senders {
		errs = append(errs, <-done)
	}
	return errors.Join(errs...)
}

// nothingRefused is an answer with an empty partial_success.
const nothingRefused = "\n\x00"

func (s *sender) send(ctx context.Context, requests int) error {
	for range requests {
		var answer []byte
		err := s.conn.Invoke(ctx, exportMethod, s.load.next(batchEvery), &answer)
		if err != nil {
			return err
		}
		if len(answer) > len(nothingRefused) {
			return fmt.Errorf("spans were refused: %q", answer)
		}
	}
	return nil
}

// cpu returns what the Collector's process has taken.
func (c *collector) cpu() (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may have anything in it; utime and stime are 12 and 13
	// fields after it, in ticks of 10 ms.
	_, rest, _ := strings.Cut(string(b[strings.LastIndexByte(string(b), ')'):]), " ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/PID/stat: %q", b)
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond, err
}

// stop ends the Collector and waits for it.
func (c *collector) stop() error {
	var errs []error
	for _, s := range c.senders {
		errs = append(errs, s.conn.Close())
	}
	if c.cmd != nil {
		errs = append(errs, c.cmd.Process.Signal(syscall.SIGTERM), c.cmd.Wait())
	}
	return errors.Join(append(errs, os.RemoveAll(c.dir))...)
}
