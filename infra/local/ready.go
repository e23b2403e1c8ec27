package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
)

// Ready tells scripts where everything is. It is one line of JSON in the ready file.
type Ready struct {
	URL       string                   `json:"url"`
	AdminURL  string                   `json:"admin_url"`
	MailURL   string                   `json:"mail_url"`
	Data      string                   `json:"data"`
	Root      string                   `json:"root"`
	Template  string                   `json:"template"`
	PID       int                      `json:"pid"`
	Keys      any                      `json:"keys,omitempty"`
	Env       map[string]string        `json:"env"`
	Functions map[string]ReadyFunction `json:"functions"`
}

// ReadyFunction tells of one function. PID is that of its first process, PIDs are all; a function starts more when it is
// called by several at a time, and other ones after a panic. Environment is what its processes get.
type ReadyFunction struct {
	Name           string            `json:"name"`
	Binary         string            `json:"binary"`
	Handler        string            `json:"handler"`
	PID            int               `json:"pid"`
	PIDs           []int             `json:"pids"`
	TimeoutSeconds int               `json:"timeout_seconds"`
	MemoryMB       int               `json:"memory_mb"`
	JSONLogs       bool              `json:"json_logs"`
	Environment    map[string]string `json:"environment"`
}

// Ready describes the running system; keys is what the caller wants to tell beside.
func (c *Cloud) Ready(keys any) Ready {
	d := c.current.Load()
	ready := Ready{
		URL: c.URL(), AdminURL: c.AdminURL(), MailURL: c.services.mail.URL(), Data: c.config.Data,
		Root: c.config.Root, Template: c.config.Template, PID: os.Getpid(), Keys: keys, Env: c.Env(), Functions: map[string]ReadyFunction{},
	}
	for _, spec := range d.specs {
		f := d.functions[spec.ID]
		function := ReadyFunction{
			Name: spec.Name, Binary: f.Config().Binary, Handler: spec.Handler, PIDs: f.PIDs(),
			TimeoutSeconds: int(spec.Timeout.Seconds()), MemoryMB: spec.MemoryMB, JSONLogs: spec.JSONLogs, Environment: f.Config().Environment,
		}
		if len(function.PIDs) > 0 {
			function.PID = function.PIDs[0]
		}
		ready.Functions[spec.ID] = function
	}
	return ready
}

// Env holds the variables that make Waymark's commands and any AWS client talk to this system: the functions' own, as
// far as all functions agree, and the addresses.
func (c *Cloud) Env() map[string]string {
	env, differing := map[string]string{}, map[string]bool{}
	for _, spec := range c.current.Load().specs {
		for name, value := range spec.Environment {
			if present, is := env[name]; is && present != value {
				differing[name] = true
			}
			env[name] = value
		}
	}
	maps.DeleteFunc(env, func(name, _ string) bool { return differing[name] })
	maps.Copy(env, c.endpoints("127.0.0.1"))
	env["WAYMARK_URL"], env["WAYMARK_ADMIN_URL"] = c.URL(), c.AdminURL()
	return env
}

// ReadyFile is the ready file that every running system keeps in its data directory, for `waymark invoke`.
func ReadyFile(data string) string { return filepath.Join(data, "ready.json") }

// readyFiles are all that this system writes.
func (c *Cloud) readyFiles() []string {
	files := []string{ReadyFile(c.config.Data)}
	if c.config.ReadyFile != "" {
		files = append(files, c.config.ReadyFile)
	}
	return files
}

// removeReadyFiles takes away those of an earlier run, which would tell a script that this one is ready, and its own in
// the end. Only the owner of the data directory may do so.
func (c *Cloud) removeReadyFiles() error {
	var errs []error
	for _, file := range c.readyFiles() {
		if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Announce writes the ready files and the variables for the SAM CLI. Each appears whole.
func (c *Cloud) Announce(keys any) error {
	c.reloading.Lock()
	defer c.reloading.Unlock()
	c.keys.Store(&keys)
	c.announced = func() error { return c.announce(keys) }
	return c.announced()
}

// announceAgain brings the files up to date after a change of the template or of a binary.
func (c *Cloud) announceAgain() {
	if c.announced == nil {
		return
	}
	if err := c.announced(); err != nil {
		fmt.Fprintln(c.config.Out, err)
	}
}

func (c *Cloud) announce(keys any) error {
	line, err := encodeLine(c.Ready(keys))
	if err != nil {
		return err
	}
	if err := c.writeSAMEnvironment(); err != nil {
		return err
	}
	for _, file := range c.readyFiles() {
		if err := writeWhole(file, line); err != nil {
			return fmt.Errorf("write ready file: %w", err)
		}
	}
	return nil
}

// SAMEnvironmentFile is the file for `sam local … --env-vars`.
func (c *Cloud) SAMEnvironmentFile() string { return filepath.Join(c.config.Data, "sam-env.json") }

// writeSAMEnvironment writes every function's variables with addresses that containers reach when Bind is given.
func (c *Cloud) writeSAMEnvironment() error {
	host := c.config.Bind
	if host == "" {
		host = "127.0.0.1"
	}
	environments := map[string]map[string]string{}
	for _, spec := range c.current.Load().specs {
		environments[spec.ID] = c.functionEnvironment(spec, host)
	}
	encoded, err := json.MarshalIndent(environments, "", "  ")
	if err != nil {
		return fmt.Errorf("encode variables: %w", err)
	}
	return writeWhole(c.SAMEnvironmentFile(), append(encoded, '\n'))
}

func encodeLine(value any) ([]byte, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encode ready file: %w", err)
	}
	return append(encoded, '\n'), nil
}

func writeWhole(file string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// Reset empties a data directory: the table, queues, buckets, mails and logs, and nothing else that may stand there.
func Reset(data string) error {
	unlock, err := lockForReset(data)
	if err != nil {
		return err
	}
	defer unlock()
	for _, name := range []string{"table.db", "table.db-shm", "table.db-wal", "table.db-journal", "queue.journal", "queue.journal.new", "s3", "mail", "logs", "ready.json", "sam-env.json"} {
		if err := os.RemoveAll(filepath.Join(data, name)); err != nil {
			return fmt.Errorf("empty %s: %w", data, err)
		}
	}
	return nil
}

func lockForReset(data string) (func(), error) {
	if err := os.MkdirAll(data, 0o755); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	unlock, err := lock(filepath.Join(data, "lock"))
	if err != nil {
		return nil, fmt.Errorf("empty %s: %w", data, err)
	}
	return unlock, nil
}
