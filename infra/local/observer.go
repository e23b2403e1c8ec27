package local

import (
	"io"

	"waymark/infra/local/lambda"
)

// Observer stands between the functions and what they use, so that a program can count what a bill would be made of.
// It is asked and told by several invocations at a time.
type Observer interface {
	// Environment gives the variables that the processes of a function get in the place of these, with addresses of
	// its own.
	Environment(function string, variables map[string]string) map[string]string
	// Output gives where the lines that a function writes go, in the place of the log.
	Output(function string, log io.Writer) io.Writer
	// Invoked tells how an invocation ended.
	Invoked(function string, answer lambda.Answer)
}

// nobody observes nothing.
type nobody struct{}

func (nobody) Environment(_ string, variables map[string]string) map[string]string { return variables }
func (nobody) Output(_ string, log io.Writer) io.Writer                            { return log }
func (nobody) Invoked(string, lambda.Answer)                                       {}
