package main

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/sage-rca/sage/internal/capture"
)

// outlet is where simulated requests go.
type outlet interface {
	put(ctx context.Context, r capture.Request) error
	close() error
}

// fileOutlet writes a capture.
type fileOutlet struct{ *capture.Writer }

func newFileOutlet(path string) (outlet, error) {
	w, err := capture.Create(path)
	if err != nil {
		return nil, err
	}
	return fileOutlet{w}, nil
}

func (f fileOutlet) put(_ context.Context, r capture.Request) error { return f.Write(r) }
func (f fileOutlet) close() error                                   { return f.Close() }

// callOutlet sends to an OTLP/gRPC receiver, one request after another, at a pace.
type callOutlet struct {
	to     string
	conn   *grpc.ClientConn
	client clients
	pace   float64 // event time per wall time; 0: as fast as it is accepted
	begin  time.Time
	extent capture.Extent
	refuse int64
}

func newCallOutlet(to string, pace float64, wait time.Duration) (outlet, error) {
	conn, err := grpc.NewClient(to, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, fmt.Errorf("simulate to %s: %w", to, err)
	}
	return &callOutlet{
		to: to, conn: conn, pace: pace, begin: time.Now(),
		client: clients{
			traces:  ptraceotlp.NewGRPCClient(conn),
			metrics: pmetricotlp.NewGRPCClient(conn),
			logs:    plogotlp.NewGRPCClient(conn),
			wait:    wait,
		},
	}, nil
}

func (c *callOutlet) put(ctx context.Context, r capture.Request) error {
	c.extent.Add(r)
	if c.pace > 0 {
		due := c.begin.Add(time.Duration(float64(c.extent.Covers()) / c.pace))
		if err := sleep(ctx, time.Until(due)); err != nil {
			return err
		}
	}
	refused, err := c.client.export(ctx, r)
	if err != nil {
		return fmt.Errorf("simulate to %s: request %d: %w", c.to, c.extent.Requests, err)
	}
	c.refuse += refused
	return nil
}

func (c *callOutlet) close() error {
	err := c.conn.Close()
	if err == nil && c.refuse > 0 {
		err = fmt.Errorf("%s refused %d of the spans and points", c.to, c.refuse)
	}
	return err
}
