package openslo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/sage-rca/sage/internal/slo"
)

// Imported is an objective and where it stands.
type Imported struct {
	slo.Objective
	File string
	Line int
}

// Refuse returns the problem of an objective that cannot be watched.
func (i Imported) Refuse(format string, args ...any) Problem {
	return Problem{i.File, i.Line, fmt.Sprintf(format, args...)}
}

// maxFile bounds a file, in bytes.
const maxFile = 1 << 20

// importer collects what files say.
type importer struct {
	problems []Problem
	slos     []node          // specifications with metadata
	slis     map[string]node // specifications by name
	sources  map[string]node // the same
}

func newImporter() *importer {
	return &importer{slis: make(map[string]node), sources: make(map[string]node)}
}

// Read returns the objectives of all files, in their order, and everything that
// cannot be imported, by file and line. Files may refer to each other.
func Read(files []string) ([]Imported, []Problem) {
	in := newImporter()
	for _, f := range files {
		b, err := read(f)
		if err == nil {
			err = in.file(f, b)
		}
		if err != nil {
			in.problems = append(in.problems, problem(f, err))
		}
	}
	return in.finish()
}

// finish returns the objectives that were found, and all problems.
func (in *importer) finish() ([]Imported, []Problem) {
	var out []Imported
	for _, n := range in.slos {
		out = append(out, n.objectives()...)
	}
	slices.SortFunc(in.problems, Problem.compare)
	// An indicator that several objectives refer to is refused once.
	return out, slices.Compact(in.problems)
}

// read returns what a file holds.
func read(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("is larger than %d bytes", maxFile)
	}
	return b, err
}

// file takes in the documents of a file.
func (in *importer) file(name string, b []byte) error {
	d := yaml.NewDecoder(bytes.NewReader(b))
	for documents := 0; ; documents++ {
		var doc yaml.Node
		err := d.Decode(&doc)
		switch {
		case errors.Is(err, io.EOF) && documents == 0:
			return errors.New("holds no documents")
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if n := (node{doc.Content[0], name, in}); n.Tag != "!!null" {
			in.document(n)
		}
	}
}

// lineOf finds the line in an error of the parser.
var lineOf = regexp.MustCompile(`^yaml: line (\d+): `)

// problem is why a file cannot be read.
func problem(name string, err error) Problem {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err // which does not name the file again
	}
	text, line := err.Error(), 0
	if m := lineOf.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits
		text = "no YAML: " + text[len(m[0]):]
	}
	return Problem{name, line, text}
}

// document takes in an object of OpenSLO.
func (in *importer) document(n node) {
	if n.Kind != yaml.MappingNode {
		n.refuse("must be an object")
		return
	}
	f := n.fields("apiVersion", "kind", "metadata", "spec")
	if v := f["apiVersion"].text(); v != "openslo/v1" {
		f["apiVersion"].or(n).refuse("apiVersion must be openslo/v1 (got %q)", v)
		return
	}
	switch kind := f["kind"].text(); kind {
	case "SLO":
		in.slos = append(in.slos, n)
	case "SLI":
		in.index(in.slis, n, f)
	case "DataSource":
		in.index(in.sources, n, f)
	case "Service": // says nothing that is watched
	default:
		f["kind"].or(n).refuse("kind %q is not supported: only SLO, SLI, DataSource and Service. "+
			"When an incident opens is said by rule and burn_rates, who hears of it by the logs pipeline", kind)
	}
}

// index keeps an object that others refer to by its name.
func (in *importer) index(by map[string]node, n node, f map[string]node) {
	name := metadata(f["metadata"], n)
	if before, taken := by[name]; taken {
		n.refuse("%q is taken by %s:%d", name, before.file, before.Line)
		return
	}
	by[name] = f["spec"].or(n)
}

// metadata returns the name of an object.
func metadata(n, object node) string {
	f := n.fields("name", "displayName", "labels", "annotations")
	name := f["name"].text()
	if name == "" {
		n.or(object).refuse("metadata.name must not be empty")
	}
	return name
}
