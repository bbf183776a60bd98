package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/sage-rca/sage/internal/capture"
)

// replay sends a capture to a Collector, one request after another.
func replay(ctx context.Context, args []string, _, log io.Writer) error {
	fs := flags("replay", "[--to ADDR] [--speed max|1x|10x] [--wait D] FILE", log)
	to := fs.String("to", "127.0.0.1:4317", "`address` of the Collector's OTLP/gRPC receiver")
	speed := fs.String("speed", "max", "pace in event time: max, or a multiple as in 1x or 10x")
	wait := fs.Duration("wait", 30*time.Second, "how long to retry a request while the Collector is not available")
	operands, err := parse(fs, args, 1)
	if err != nil {
		return err
	}
	pace, err := parsePace(*speed)
	if err != nil {
		return err
	}
	_, err = send(ctx, replayConfig{file: operands[0], to: *to, pace: pace, wait: *wait}, log)
	return err
}

type replayConfig struct {
	file, to string
	pace     float64 // event time per wall time; 0: as fast as it is accepted
	wait     time.Duration
}

// replayed is the outcome of a replay.
type replayed struct {
	capture.Extent
	Rejected int64 // spans, points and records that the receiver refused in part
	Took     time.Duration
}

// parsePace reads "max" as 0 and "10x" or "10" as 10.
func parsePace(s string) (float64, error) {
	if s == "max" {
		return 0, nil
	}
	pace, err := strconv.ParseFloat(strings.TrimSuffix(s, "x"), 64)
	if err != nil || pace <= 0 {
		return 0, usagef("--speed is max or a positive multiple such as 1x or 10x, not %q", s)
	}
	return pace, nil
}

// send replays a capture. One request is under way at a time: the order of the
// capture is the order of arrival. It fails when anything was refused.
func send(ctx context.Context, cfg replayConfig, log io.Writer) (replayed, error) {
	var done replayed
	file, err := capture.Open(cfg.file)
	if err != nil {
		return done, err
	}
	defer file.Close()
	conn, err := grpc.NewClient(cfg.to, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return done, fmt.Errorf("replay to %s: %w", cfg.to, err)
	}
	defer conn.Close()
	c := clients{
		traces:  ptraceotlp.NewGRPCClient(conn),
		metrics: pmetricotlp.NewGRPCClient(conn),
		logs:    plogotlp.NewGRPCClient(conn),
		wait:    cfg.wait,
	}
	begin, spoke := time.Now(), time.Now()
	for {
		req, err := file.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return done, err
		}
		next := done.Extent
		next.Add(req)
		if cfg.pace > 0 {
			due := begin.Add(time.Duration(float64(next.Covers()) / cfg.pace))
			if err := sleep(ctx, time.Until(due)); err != nil {
				return done, err
			}
		}
		rejected, err := c.export(ctx, req)
		if status.Code(err) == codes.DeadlineExceeded { // gRPC ends a request before the context says so
			err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
		}
		if err != nil {
			return done, fmt.Errorf("replay %s to %s: request %d: %w", cfg.file, cfg.to, next.Requests, err)
		}
		done.Extent, done.Rejected = next, done.Rejected+rejected
		done.Took = time.Since(begin)
		if time.Since(spoke) > 2*time.Second {
			spoke = time.Now()
			fmt.Fprintf(log, "replaying: %s\n", done)
		}
	}
	fmt.Fprintf(log, "replayed: %s\n", done)
	if done.Rejected > 0 {
		return done, fmt.Errorf("%s refused %d of the spans and points", cfg.to, done.Rejected)
	}
	return done, nil
}

// String says what was sent and how fast.
func (r replayed) String() string {
	rate := 0.0
	if r.Took > 0 {
		rate = float64(r.Spans) / r.Took.Seconds()
	}
	return fmt.Sprintf("%s in %s (%.0f spans/s), %d rejected",
		describe(r.Extent), r.Took.Round(10*time.Millisecond), rate, r.Rejected)
}

// clients sends requests of each signal over one connection.
type clients struct {
	traces  ptraceotlp.GRPCClient
	metrics pmetricotlp.GRPCClient
	logs    plogotlp.GRPCClient
	wait    time.Duration
}

// export sends r, again and again while the receiver says that it is not
// available, but no longer than wait. It returns how many items were refused.
func (c clients) export(ctx context.Context, r capture.Request) (rejected int64, err error) {
	deadline := time.Now().Add(c.wait)
	for backoff := 20 * time.Millisecond; ; backoff = min(2*backoff, time.Second) {
		rejected, err = c.exportOnce(ctx, r)
		if code := status.Code(err); code != codes.Unavailable && code != codes.ResourceExhausted {
			return rejected, err
		}
		if time.Now().Add(backoff).After(deadline) {
			return 0, fmt.Errorf("not accepted for %s (is the Collector running?): %w", c.wait, err)
		}
		if err := sleep(ctx, backoff); err != nil {
			return 0, err
		}
	}
}

func (c clients) exportOnce(ctx context.Context, r capture.Request) (int64, error) {
	switch {
	case r.Traces != nil:
		resp, err := c.traces.Export(ctx, ptraceotlp.NewExportRequestFromTraces(*r.Traces))
		if err != nil {
			return 0, err
		}
		return resp.PartialSuccess().RejectedSpans(), nil
	case r.Metrics != nil:
		resp, err := c.metrics.Export(ctx, pmetricotlp.NewExportRequestFromMetrics(*r.Metrics))
		if err != nil {
			return 0, err
		}
		return resp.PartialSuccess().RejectedDataPoints(), nil
	case r.Logs != nil:
		resp, err := c.logs.Export(ctx, plogotlp.NewExportRequestFromLogs(*r.Logs))
		if err != nil {
			return 0, err
		}
		return resp.PartialSuccess().RejectedLogRecords(), nil
	default:
		return 0, errors.New("an empty request")
	}
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
