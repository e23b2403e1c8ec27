package config

import (
	"context"
	"io"
	"log/slog"
)

// Logger writes one line of JSON per record, with the keys that Lambda's own log lines have and the id of the invocation, which requestID
// takes out of the context ("" for none). Each function makes it the default logger in main.
func Logger(w io.Writer, level slog.Level, requestID func(context.Context) string) *slog.Logger {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: lambdaKeys}
	return slog.New(invocationHandler{Handler: slog.NewJSONHandler(w, options), requestID: requestID})
}

func lambdaKeys(groups []string, attr slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return attr
	}
	switch attr.Key {
	case slog.TimeKey:
		attr.Key = "timestamp"
	case slog.MessageKey:
		attr.Key = "message"
	}
	return attr
}

// invocationHandler adds the id of the invocation to every record.
type invocationHandler struct {
	slog.Handler
	requestID func(context.Context) string
}

func (h invocationHandler) Handle(ctx context.Context, r slog.Record) error {
	if id := h.requestID(ctx); id != "" {
		r.AddAttrs(slog.String("requestId", id))
	}
	return h.Handler.Handle(ctx, r)
}

func (h invocationHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return invocationHandler{Handler: h.Handler.WithAttrs(attrs), requestID: h.requestID}
}

func (h invocationHandler) WithGroup(name string) slog.Handler {
	return invocationHandler{Handler: h.Handler.WithGroup(name), requestID: h.requestID}
}
