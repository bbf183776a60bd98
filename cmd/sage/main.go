// Command sage is the tool beside the Collector: it records what a Collector
// receives, sends recordings to one, and shows the incidents that come out.
//
//	sage record --listen ADDR --out FILE    record OTLP traces and metrics
//	sage replay --to ADDR FILE              send a capture to a Collector
//	sage events --listen ADDR               receive and print incidents
//	sage simulate --app NAME --out FILE     write a capture of a simulated application
//	sage evaluate                           measure how often verdicts are right
//	sage demo                               all of it, with a recorded fault
//
// `sage COMMAND -h` says what each takes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// command is one subcommand. run parses its own arguments, writes what was asked
// for to out and everything else to log, and ends when ctx does.
type command struct {
	name, does string
	run        func(ctx context.Context, args []string, out, log io.Writer) error
}

func commands() []command {
	return []command{
		{"record", "receive OTLP traces and metrics and write a capture", record},
		{"replay", "send a capture to a running Collector", replay},
		{"events", "receive root-cause events and print the incidents", events},
		{"simulate", "play an application with faults into a capture or to a Collector", simulated},
		{"evaluate", "measure how often the verdicts are right, of the default and of other methods", evaluateMethods},
		{"demo", "replay a recorded fault through the built Collector and print the incident", demo},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.As(err, new(usageError)):
		fmt.Fprintln(os.Stderr, "sage:", err)
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "sage:", err)
		os.Exit(1)
	}
}

// usageError is a command line that cannot be carried out; it ends with status 2.
type usageError struct{ error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

func run(ctx context.Context, args []string, out, log io.Writer) error {
	if len(args) > 0 {
		for _, c := range commands() {
			if c.name == args[0] {
				return c.run(ctx, args[1:], out, log)
			}
		}
	}
	usage(log)
	if len(args) == 0 {
		return usagef("a command is needed")
	}
	if args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		return nil
	}
	return usagef("there is no command %q", args[0])
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "usage: sage COMMAND [flags]")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-8s %s\n", c.name, c.does)
	}
}

// flags returns the flag set of a subcommand; its errors and help go to log.
func flags(name, synopsis string, log io.Writer) *flag.FlagSet {
	fs := flag.NewFlagSet("sage "+name, flag.ContinueOnError)
	fs.SetOutput(log)
	fs.Usage = func() {
		fmt.Fprintf(log, "usage: sage %s %s\n", name, synopsis)
		fs.PrintDefaults()
	}
	return fs
}

// parse reads args into fs. Flags may stand before or after the operands, of
// which there must be want.
func parse(fs *flag.FlagSet, args []string, want int) ([]string, error) {
	var operands []string
	for {
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, usageError{err}
		}
		if fs.NArg() == 0 {
			break
		}
		operands = append(operands, fs.Arg(0))
		args = fs.Args()[1:]
	}
	if len(operands) != want {
		fs.Usage()
		return nil, usagef("%s takes %d operands, got %d", fs.Name(), want, len(operands))
	}
	return operands, nil
}
