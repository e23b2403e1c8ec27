// Package fault names the ways in which something can go wrong, so that callers decide by kind and never by text.
//
// A fault carries a kind (what the caller should do), a code (what a client or a stored record is told, stable for ever),
// a sentence for people and, where it helps, the field concerned. It is not for control flow inside one package.
//
//	if fault.KindOf(err) == fault.Conflict { /* load again and retry */ }
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what a caller should do with an error.
type Kind string

// The kinds. Internal is what KindOf answers for every error that is not a fault.
const (
	Invalid      Kind = "invalid"      // the input is wrong and stays wrong: refuse or reject it, never retry
	Unauthorized Kind = "unauthorized" // no key, or one we do not know
	Forbidden    Kind = "forbidden"    // a known key that may not do this
	NotFound     Kind = "not_found"    // there is no such thing
	Conflict     Kind = "conflict"     // another writer was first: load again and retry
	Exhausted    Kind = "exhausted"    // the caller asked too often or too much: retry after Error.After
	Unavailable  Kind = "unavailable"  // may succeed later: retry with backoff
	Internal     Kind = "internal"     // a defect or an unknown failure: treated as retryable, looked at by people
)

// Error is a fault. Code is snake_case and stable; Message says what is wrong, why and what to do next, and holds no personal data.
type Error struct {
	Kind    Kind
	Code    string
	Message string
	Field   string        // the JSON field or setting concerned, may be empty
	Cause   error         // never shown to a client
	After   time.Duration // of kind Exhausted: when to try again, from now
}

// New returns a fault of a kind.
func New(kind Kind, code, message string) *Error {
	return &Error{Kind: kind, Code: code, Message: message}
}

// Newf is New with a formatted message.
func Newf(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap returns a fault of a kind around its cause, which stays out of what clients see.
func Wrap(kind Kind, code string, cause error) *Error {
	return &Error{Kind: kind, Code: code, Message: cause.Error(), Cause: cause}
}

// At returns a copy of the fault that names the field concerned.
func (e *Error) At(field string) *Error {
	named := *e
	named.Field = field
	return &named
}

// Error gives code, field and message in one line.
func (e *Error) Error() string {
	if e.Field != "" {
		return fmt.Sprintf("%s at %s: %s", e.Code, e.Field, e.Message)
	}
	return e.Code + ": " + e.Message
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// KindOf answers the kind of the first fault in the chain of err; Internal when there is none, "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Kind
	}
	return Internal
}

// CodeOf answers the code of the first fault in the chain of err; "internal" when there is none, "" for nil.
func CodeOf(err error) string {
	if err == nil {
		return ""
	}
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Code
	}
	return "internal"
}
