// Package live runs a whole stage: the built Collector, HotROD that exports to
// it, and load.
package live

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/sage-rca/sage/e2e/collector"
	"github.com/sage-rca/sage/e2e/hotrod"
	"github.com/sage-rca/sage/e2e/proc"
)

// Config says what to run.
type Config struct {
	Collector string   // path of the built Collector
	Configs   []string // its configuration files
	HotROD    string   // path of the built HotROD
	OutDir    string   // gets logs and storage
	Events    string   // host:port that receives the events
	Record    string   // host:port that receives a copy of all traces and metrics; none where empty

	Rate        float64 // requests per second
	Concurrency int     // requests under way at most
	Seed        uint64
	Via         func(s hotrod.Service, addr string) (string, error) // see hotrod.Config
}

// Session is a running stage.
type Session struct {
	App  *hotrod.App
	Load *hotrod.Load

	cfg       collector.Config
	collector *collector.Collector
	stopLoad  context.CancelFunc
	loaders   sync.WaitGroup
}

// recordOverlay sends what is received to a recorder as well. It goes out before
// the next request is taken, so the recording has the order of arrival.
const recordOverlay = `yaml:
exporters:
  otlp/record:
    endpoint: ${env:SAGE_RECORD}
    tls: {insecure: true}
    sending_queue: {enabled: false}
service:
  pipelines:
    traces: {exporters: [otlp/record]}
    metrics: {exporters: [otlp/record]}
`

// Start runs everything and returns when load is being served.
func Start(ctx context.Context, cfg Config) (*Session, error) {
	ports, err := proc.FreePorts(ctx, 2)
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	grpc, http := fmt.Sprintf("127.0.0.1:%d", ports[0]), fmt.Sprintf("127.0.0.1:%d", ports[1])
	s := &Session{cfg: collector.Config{
		Binary:  cfg.Collector,
		Configs: cfg.Configs,
		Env: []string{
			"SAGE_OTLP_GRPC=" + grpc,
			"SAGE_OTLP_HTTP=" + http,
			"SAGE_EVENTS=" + cfg.Events,
			"SAGE_RECORD=" + cfg.Record,
			"SAGE_STORAGE=" + filepath.Join(cfg.OutDir, "storage"),
			"SAGE_HOST=" + host,
		},
		OTLP:    grpc,
		LogFile: filepath.Join(cfg.OutDir, "collector.log"),
	}}
	if cfg.Record != "" {
		s.cfg.Configs = append(s.cfg.Configs, recordOverlay)
	}
	if s.collector, err = collector.Start(ctx, s.cfg); err != nil {
		return nil, err
	}
	s.App, err = hotrod.Start(ctx, hotrod.Config{Binary: cfg.HotROD, OTLPHTTP: http, LogDir: cfg.OutDir, Via: cfg.Via})
	if err != nil {
		return nil, errors.Join(err, s.collector.Stop())
	}
	s.Load = &hotrod.Load{
		Frontend: s.App.Addr(hotrod.Frontend),
		Rate:     cfg.Rate, Concurrency: cfg.Concurrency, Seed: cfg.Seed,
	}
	loadCtx, stop := context.WithCancel(ctx)
	s.stopLoad = stop
	s.loaders.Go(func() { s.Load.Run(loadCtx) })
	return s, nil
}

// KillCollector ends the Collector as kill -9 does and starts it anew on the same
// storage and ports. Meanwhile the application's exporters retry.
func (s *Session) KillCollector(ctx context.Context) error {
	if err := s.collector.Kill(); err != nil {
		return err
	}
	c, err := collector.Start(ctx, s.cfg)
	if err != nil {
		return err
	}
	s.collector = c
	return nil
}

// Close stops the load, the application and then the Collector, which flushes.
func (s *Session) Close() error {
	s.stopLoad()
	s.loaders.Wait()
	return errors.Join(s.App.Close(), s.collector.Stop())
}
