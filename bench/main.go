package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
)

func main() {
	asked, err := part()
	if !asked {
		err = run(os.Args[1:], os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// settings are what the command line says.
type settings struct {
	rounds    int        // turns of each contender
	turn      int        // batches in a turn
	data      []string   // directories of recorded spans
	collector string     // a built Collector
	sizes     int        // applications of the scale, the smallest first
	scale     []scaleRow // what the scale has measured
	who       string     // contenders that take part, by a part of their name; empty for all
}

func run(args []string, w io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	var s settings
	flags.IntVar(&s.rounds, "rounds", 7, "turns of each contender; the lower quartile counts")
	flags.IntVar(&s.turn, "turn", 300, "batches in a turn")
	flags.StringVar(&s.collector, "collector", "../dist/otelcol-sage", "built Collector, for the pipeline with and without the processor")
	flags.IntVar(&s.sizes, "sizes", len(scaleSizes), "applications of the scale, the smallest first")
	flags.Func("data", "directory of recorded spans in the layout of Nezha (DIR/trace/*.csv.gz), or of several such; may be repeated",
		func(dir string) error {
			s.data = append(s.data, dir)
			return nil
		})
	flags.StringVar(&s.who, "contender", "", "only contenders with this in their name, for profiles")
	only := flags.String("only", "", "sections to run, separated by commas (all)")
	profile := flags.String("cpuprofile", "", "file for a CPU profile of the whole run")
	out := flags.String("out", "out", "directory for bench.json and bench.md")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *profile != "" {
		stop, err := profiled(*profile)
		if err != nil {
			return err
		}
		defer stop()
	}
	results, err := earlier(filepath.Join(*out, "bench.json"))
	if err != nil {
		return err
	}
	var tables strings.Builder
	fmt.Fprintf(&tables, "%s/%s, %s, GOMAXPROCS %d\n", runtime.GOOS, runtime.GOARCH, runtime.Version(), runtime.GOMAXPROCS(0))
	var errs []error
	for _, section := range sections {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), section.name) {
			continue
		}
		numbers, table, err := section.run(&s)
		if err == nil {
			results[section.name], err = json.Marshal(numbers)
		}
		if err != nil {
			table = err.Error() + "\n"
			if !errors.Is(err, errSkipped) {
				errs = append(errs, fmt.Errorf("%s: %w", section.name, err))
			}
		}
		fmt.Fprintf(&tables, "\n## %s\n\n%s", section.title, table)
		// Written after each: the last ones take long.
		if err := write(*out, results, tables.String()); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(w, tables.String()); err != nil {
		return err
	}
	return errors.Join(errs...)
}

// profiled writes a CPU profile until the function that it returns is called.
func profiled(path string) (stop func(), err error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		if err := f.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	}, nil
}

// earlier returns the sections of a file that an earlier run wrote.
func earlier(path string) (map[string]json.RawMessage, error) {
	results := make(map[string]json.RawMessage)
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return results, nil
	case err != nil:
		return nil, err
	}
	if err := json.Unmarshal(b, &results); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return results, nil
}

func write(dir string, results map[string]json.RawMessage, tables string) error {
	b, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "bench.json"), append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "bench.md"), []byte(tables), 0o600)
}
