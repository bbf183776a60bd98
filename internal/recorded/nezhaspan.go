package recorded

import (
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The columns of a file of spans.
const (
	colTrace = iota
	colSpan
	colParent
	colPod
	colName
	colStart
	colEnd
	numCols
)

var nezhaHeader = [numCols]string{"TraceID", "SpanID", "ParentID", "PodName", "OperationName", "StartTimeUnixNano", "EndTimeUnixNano"}

// spanColumns are the indices of the columns in a file.
type spanColumns [numCols]int

// read reads the spans of a file. Its columns may be in any order, with others
// between them. A file without a header has Nezha's.
func (r *nezha) read(in io.Reader) error {
	c := csv.NewReader(in)
	c.ReuseRecord = true
	first, err := c.Read()
	if err != nil {
		return fmt.Errorf("header: %w: want %q", err, nezhaHeader)
	}
	at, ok := headerColumns(first)
	if !ok {
		var bare spanColumns
		for k := range bare {
			bare[k] = k
		}
		at = bare
		span, err := r.parse(first, at)
		if err != nil {
			return fmt.Errorf("line 1: header is %q, want %q", first, nezhaHeader)
		}
		r.spans = append(r.spans, span)
	}
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil { // has the line and the column
			return fmt.Errorf("%w: remove the line, or the end of a file that was cut off", err)
		}
		span, err := r.parse(record, at)
		if err != nil {
			line, _ := c.FieldPos(0)
			return fmt.Errorf("line %d: %w", line, err)
		}
		r.spans = append(r.spans, span)
	}
}

// headerColumns finds the columns by name; ok is false where one is missing.
func headerColumns(header []string) (at spanColumns, ok bool) {
	ok = true
	for k, name := range nezhaHeader {
		at[k] = -1
		for i, h := range header {
			if plain(strings.TrimPrefix(h, "\ufeff")) == plain(name) {
				at[k] = i
				break
			}
		}
		ok = ok && at[k] >= 0
	}
	return at, ok
}

func (r *nezha) parse(record []string, at spanColumns) (s nezhaSpan, err error) {
	for k, i := range at {
		if i >= len(record) {
			return s, fmt.Errorf("no column %d (%s)", i+1, nezhaHeader[k])
		}
	}
	field := func(k int) string { return strings.TrimSpace(record[at[k]]) }
	bad := func(k int, err error) error {
		return fmt.Errorf("column %d (%s): %w", at[k]+1, nezhaHeader[k], err)
	}
	if err = decode(s.id.trace[:], field(colTrace)); err != nil {
		return s, bad(colTrace, err)
	}
	if err = decode(s.id.span[:], field(colSpan)); err != nil {
		return s, bad(colSpan, err)
	}
	if parent := field(colParent); !strings.EqualFold(parent, "root") && !blank(parent) {
		if err = decode(s.parent[:], parent); err != nil {
			return s, bad(colParent, err)
		}
	}
	s.pod, s.name = r.intern(field(colPod)), r.intern(field(colName))
	if s.start, err = instant(field(colStart)); err != nil {
		return s, bad(colStart, err)
	}
	if s.end, err = instant(field(colEnd)); err != nil {
		return s, bad(colEnd, err)
	}
	return s, nil
}

// leastInstant is the least number that is taken as a time that may be in s, ms or
// µs since 1970: the first is in 2001. Less is in ns.
const leastInstant = 1e9

// instant reads a time in ns since 1970, or one that is so small that it must be in
// another unit, see epoch.
func instant(s string) (int64, error) {
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no whole number of nanoseconds since 1970", s)
	}
	if v < leastInstant || v >= 1e17 {
		return v, nil
	}
	ns, _ := epoch(float64(v)) // exact: less than 2^53, or in µs
	return ns, nil
}

// decode reads an id. Trace ids of 64 bits are those of 128 bits without leading
// zeros.
func decode(dst []byte, s string) error {
	if len(dst) == 16 && len(s) == hex.EncodedLen(8) {
		dst = dst[8:]
	}
	if hex.DecodedLen(len(s)) != len(dst) || len(s)%2 != 0 {
		return fmt.Errorf("id %q has %d digits, want %d", s, len(s), hex.EncodedLen(len(dst)))
	}
	_, err := hex.Decode(dst, []byte(s))
	return err
}
