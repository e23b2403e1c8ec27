package local

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"waymark/infra/local/lambda"
	"waymark/infra/local/template"
)

// UnknownFunctionError is returned by InvokeOnce for a name that the template does not have.
type UnknownFunctionError struct {
	Name  string
	There []string // logical ids of the functions that it has
}

// Error names the function.
func (e *UnknownFunctionError) Error() string {
	return fmt.Sprintf("invoke %s: the template has no such function, only %s", e.Name, strings.Join(e.There, ", "))
}

// InvokeConfig says which function to run once.
type InvokeConfig struct {
	Root       string // directory of template.yaml and go.mod
	Template   string // file; template.yaml below Root if empty
	Parameters map[string]string
	Data       string // data directory of the running system
	Function   string // logical id or name
	Log        io.Writer
}

// InvokeOnce builds a function if its source changed, runs it once in a process of its own and returns its answer. Its
// variables are those of the system that runs with the data directory. It starts no system: without one the variables are the template's, every
// call to a table, queue or bucket fails at once, and Log says so.
func InvokeOnce(ctx context.Context, config InvokeConfig, event []byte) (lambda.Answer, error) {
	if config.Template == "" {
		config.Template = filepath.Join(config.Root, "template.yaml")
	}
	spec, err := findFunction(config)
	if err != nil {
		return lambda.Answer{}, err
	}
	bin, err := filepath.Abs(filepath.Join(config.Data, "bin"))
	if err != nil {
		return lambda.Answer{}, fmt.Errorf("find data directory: %w", err)
	}
	root, err := filepath.Abs(config.Root)
	if err != nil {
		return lambda.Answer{}, fmt.Errorf("find project: %w", err)
	}
	b := newBuilder(root, bin)
	if _, err := b.build(ctx, []template.Function{spec}, func(step string) { fmt.Fprintln(config.Log, step) }); err != nil {
		return lambda.Answer{}, err
	}
	if running, is := runningSystem(config.Data); is {
		if f, known := running.Functions[spec.ID]; known {
			spec.Environment = f.Environment
		}
	} else {
		fmt.Fprintf(config.Log, "No system runs with %s.\nThe function runs all the same, without a table, queue or bucket: what it asks of them\nfails. Start `waymark dev`, or name a system that runs with --data or --url.\n", config.Data)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return lambda.Answer{}, fmt.Errorf("listen in the place of a system: %w", err)
		}
		nothing := &http.Server{Handler: http.HandlerFunc(serveNothing)}
		defer nothing.Close()
		go nothing.Serve(listener)
		maps.Copy(spec.Environment, clientVariables(func(string) string { return "http://" + listener.Addr().String() }))
	}
	f := lambda.New(lambda.Config{
		Name: spec.Name, ARN: spec.ARN, Binary: b.binary(spec.ID), Handler: spec.Handler, Timeout: spec.Timeout,
		MemoryMB: spec.MemoryMB, Concurrency: 1, JSONLogs: spec.JSONLogs, LogLevel: spec.LogLevel, Environment: spec.Environment, Log: config.Log,
	})
	stop := context.AfterFunc(ctx, f.Close)
	defer stop()
	defer f.Close()
	return f.Invoke(ctx, event)
}

// serveNothing refuses every call to AWS, in a way that clients do not try again.
func serveNothing(w http.ResponseWriter, r *http.Request) {
	const code, message = "NoSystem", "no system runs: start `waymark dev` first"
	if r.Header.Get("X-Amz-Target") == "" {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `{"__type":%q,"message":%q}`, code, message)
}

func findFunction(config InvokeConfig) (template.Function, error) {
	t, err := template.Load(config.Template, template.Options{Parameters: config.Parameters, Laptop: true, Region: region, Account: account})
	if err != nil {
		return template.Function{}, err
	}
	functions, err := t.Functions()
	if err != nil {
		return template.Function{}, err
	}
	i := slices.IndexFunc(functions, func(f template.Function) bool {
		return f.ID == config.Function || f.Name == config.Function || f.ARN == config.Function
	})
	if i < 0 {
		unknown := &UnknownFunctionError{Name: config.Function}
		for _, f := range functions {
			unknown.There = append(unknown.There, f.ID)
		}
		return template.Function{}, unknown
	}
	return functions[i], nil
}

// runningSystem reads the ready file of a data directory and makes sure that its system still answers.
func runningSystem(data string) (Ready, bool) {
	encoded, err := os.ReadFile(ReadyFile(data))
	if err != nil {
		return Ready{}, false
	}
	var ready Ready
	if err := json.Unmarshal(encoded, &ready); err != nil {
		return Ready{}, false
	}
	admin, err := url.Parse(ready.AdminURL)
	if err != nil {
		return Ready{}, false
	}
	connection, err := net.Dial("tcp", admin.Host)
	if err != nil {
		return Ready{}, false
	}
	connection.Close()
	return ready, true
}
