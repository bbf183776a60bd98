package recorded

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
)

// maxDepth is how many directories below the one given a recording may lie.
const maxDepth = 4

// ErrNone means that a directory holds no recording.
var ErrNone = errors.New("recorded: no recording")

// Load reads the recording in dir, or all in the directories below it, in the
// order of their paths. Sets found below dir are named by their path from it.
func Load(dir string) ([]*Set, error) {
	sets, err := load(dir, "", 0)
	if err == nil && len(sets) == 0 {
		err = fmt.Errorf("%w in %s: want a directory metric with %s (Nezha), or graph.csv and noissue/metrics.csv (PetShop), in it or at most %d levels below",
			ErrNone, dir, metricFiles, maxDepth)
	}
	return sets, err
}

func load(dir, name string, depth int) ([]*Set, error) {
	var read func(string) (*Set, error)
	switch {
	case isDir(filepath.Join(dir, "metric")):
		read = LoadNezha
	case isDir(filepath.Join(dir, "noissue")):
		read = LoadPetShop
	}
	if read != nil {
		s, err := read(dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		if name != "" {
			s.Name = name
		}
		return []*Set{s}, nil
	}
	if depth == maxDepth {
		return nil, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("recorded: %w", err)
	}
	var out []*Set
	for _, e := range entries { // sorted
		below := filepath.Join(dir, e.Name())
		if !isDir(below) {
			continue
		}
		sets, err := load(below, path.Join(name, e.Name()), depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, sets...)
	}
	return out, nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
