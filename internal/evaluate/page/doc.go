// Package page writes what an evaluation found for people: Tables is every table
// (out/evaluate.md), Accuracy is the page for a reader who decides whether to trust
// the verdicts (docs/accuracy.md), and Summary is a dozen lines for the terminal.
//
// Every number comes from evaluate.Results; what is not in there is shown as "-"
// or as "Not measured." and never left out in silence. Equal results give equal
// text. The Markdown is aligned, since it is read in terminals as much as it is
// rendered.
package page
