package page

import "strings"

// table is a Markdown table. The first words columns hold words, which stand left;
// the others hold figures, which stand right.
type table struct {
	words  int
	header []string
	rows   [][]string
}

func newTable(words int, header ...string) *table { return &table{words: words, header: header} }

func (t *table) add(row ...string) { t.rows = append(t.rows, row) }

// String renders the table with every column as wide as its widest cell. A table
// without rows is said to be one.
func (t *table) String() string {
	if len(t.rows) == 0 {
		return notMeasured
	}
	widths := make([]int, len(t.header))
	rows := [][]string{escape(t.header)}
	for _, r := range t.rows {
		rows = append(rows, escape(r))
	}
	for _, r := range rows {
		for i, c := range r {
			widths[i] = max(widths[i], width(c), 3)
		}
	}
	var b strings.Builder
	for i, r := range rows {
		for j, c := range r {
			pad := strings.Repeat(" ", widths[j]-width(c))
			if j < t.words {
				c += pad
			} else {
				c = pad + c
			}
			b.WriteString("| " + c + " ")
		}
		b.WriteString("|\n")
		if i == 0 {
			t.rule(&b, widths)
		}
	}
	return b.String()
}

// rule writes the line below the header.
func (t *table) rule(b *strings.Builder, widths []int) {
	for j, w := range widths {
		if j < t.words {
			b.WriteString("| " + strings.Repeat("-", w) + " ")
		} else {
			b.WriteString("| " + strings.Repeat("-", w-1) + ": ")
		}
	}
	b.WriteString("|\n")
}

// escape keeps names that hold a bar or a line break inside their cell.
func escape(row []string) []string {
	out := make([]string, len(row))
	for i, c := range row {
		out[i] = strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ").Replace(c)
	}
	return out
}

// section is a heading with what stands below it.
func section(b *strings.Builder, level int, title string, paragraphs ...string) {
	b.WriteString("\n" + strings.Repeat("#", level) + " " + title + "\n")
	for _, p := range paragraphs {
		if p = strings.TrimSpace(p); p != "" {
			b.WriteString("\n" + p + "\n")
		}
	}
}

// notMeasured stands where a part of the results is missing.
const notMeasured = "Not measured.\n"
