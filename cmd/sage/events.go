package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sage-rca/sage/internal/capture"
	"github.com/sage-rca/sage/internal/eventlog"
	"github.com/sage-rca/sage/internal/otlpserve"
)

// events receives OTLP logs and prints the incidents among them.
func events(ctx context.Context, args []string, out, log io.Writer) error {
	fs := flags("events", "[--listen ADDR] [--json FILE] [--until WHEN] [--quiet] [--raw]", log)
	listen := fs.String("listen", "127.0.0.1:4327", "`address` to receive OTLP logs over gRPC on")
	jsonFile := fs.String("json", "", "`file` to append every request to, one line of OTLP JSON each")
	until := fs.String("until", "", "end `when`: resolved (all incidents seen are), a number (of incidents opened), or a duration (without any record); empty: when interrupted")
	quiet := fs.Bool("quiet", false, "print incidents only, no states of the model")
	raw := fs.Bool("raw", false, "print the log record of each incident too, as OTLP JSON")
	if _, err := parse(fs, args, 0); err != nil {
		return err
	}
	ends, err := parseUntil(*until)
	if err != nil {
		return err
	}
	sink := newSink(printer{out: out, color: isTerminal(out), raw: *raw, quiet: *quiet})
	if *jsonFile != "" {
		f, err := os.OpenFile(*jsonFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			return err
		}
		defer f.Close()
		if sink.json, err = capture.NewWriter(f, ""); err != nil {
			return err
		}
	}
	server, err := otlpserve.Listen(ctx, *listen, otlpserve.Handlers{Logs: sink.take})
	if err != nil {
		return fmt.Errorf("cannot receive OTLP logs: %w", err)
	}
	fmt.Fprintf(log, "waiting for events on %s\n", server.Addr())
	sink.wait(ctx, ends)
	err = errors.Join(server.Close(), sink.close())
	fmt.Fprintf(log, "received %s\n", sink.seen())
	return err
}

// tally is what a sink has seen.
type tally struct {
	incidents map[string]string // ID -> latest state
	opened    int
	transits  int // rca.incident records
	others    int // records that are no root-cause events
}

// allResolved says that there were incidents and none is open.
func (t tally) allResolved() bool {
	for _, state := range t.incidents {
		if state != "resolved" && state != "expired" {
			return false
		}
	}
	return len(t.incidents) > 0
}

// until says whether to end, from what was seen and how long ago the last record
// came.
type until func(t tally, idle time.Duration) bool

func parseUntil(s string) (until, error) {
	if s == "" {
		return func(tally, time.Duration) bool { return false }, nil
	}
	if s == "resolved" {
		return func(t tally, _ time.Duration) bool { return t.allResolved() }, nil
	}
	if n, err := strconv.Atoi(s); err == nil && n > 0 {
		return func(t tally, _ time.Duration) bool { return t.opened >= n }, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return func(_ tally, idle time.Duration) bool { return idle >= d }, nil
	}
	return nil, usagef("--until is resolved, a number of incidents, or a duration, not %q", s)
}

// sink takes log requests: prints, writes and counts them.
type sink struct {
	changed chan struct{} // holds a token when something came since the last look

	mu    sync.Mutex // guards everything below
	print printer
	json  *capture.Writer // nil: none
	tally tally
	last  time.Time // when the latest record came
	err   error     // first failure to write
}

func newSink(p printer) *sink {
	return &sink{
		print:   p,
		changed: make(chan struct{}, 1),
		tally:   tally{incidents: map[string]string{}},
		last:    time.Now(),
	}
}

// take is the handler of an OTLP receiver.
func (s *sink) take(ld plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.last = time.Now()
	if s.json != nil {
		if err := s.json.Write(capture.Logs(ld)); err != nil && s.err == nil {
			s.err = err
		}
	}
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				switch eventlog.Name(r) {
				case eventlog.EventIncident:
					in := eventlog.ReadIncident(rl.Resource(), r)
					if _, known := s.tally.incidents[in.ID]; !known {
						s.tally.opened++
					}
					s.tally.incidents[in.ID] = in.State
					s.tally.transits++
					s.print.incident(in, rl, sl, r)
				case eventlog.EventChange:
					s.print.change(r)
				case eventlog.EventModelStatus:
					s.print.model(r)
				case eventlog.EventRootCause: // the incident's record lists its candidates
				default:
					s.tally.others++
				}
			}
		}
	}
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return nil
}

// wait returns when ends says so, or with ctx.
func (s *sink) wait(ctx context.Context, ends until) {
	look := time.NewTicker(100 * time.Millisecond) // idleness has no event of its own
	defer look.Stop()
	for {
		s.mu.Lock()
		over := ends(s.tally, time.Since(s.last))
		s.mu.Unlock()
		if over {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-s.changed:
		case <-look.C:
		}
	}
}

// close completes the JSON file and reports the first failure to write.
func (s *sink) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.json == nil {
		return s.err
	}
	return errors.Join(s.err, s.json.Close())
}

// seen sums up in words.
func (s *sink) seen() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := fmt.Sprintf("%d incidents in %d records", s.tally.opened, s.tally.transits)
	if s.tally.others > 0 {
		text += fmt.Sprintf("; %d records of other kinds ignored", s.tally.others)
	}
	return text
}
