package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"waymark/infra/local"
)

// How a command finds the system that it talks to, from any folder. The first that is said counts:
//
//	--url URL        the address; --key, else WAYMARK_KEY, opens a workspace of it
//	--data FOLDER    the data directory of a running `waymark dev`, or its project
//	WAYMARK_URL      as --url
//	otherwise        .waymark/ready.json in this folder or one above it
//
// A `waymark dev` is asked at its address for the rest: its keys, and the variables of its table and queues.
type place struct {
	url, key, data string
}

// system is what is known of the system that was found.
type system struct {
	URL      string            `json:"url"`
	AdminURL string            `json:"admin_url"`
	Data     string            `json:"data"`
	Root     string            `json:"root"`
	Template string            `json:"template"`
	Keys     workspaceKeys     `json:"keys"`
	Env      map[string]string `json:"env"`

	from string // what named it
}

// flags adds --url, --key and --data; keyHelp says which key the command needs.
func (p *place) flags(set *flag.FlagSet, keyHelp string) {
	p.tableFlags(set)
	set.StringVar(&p.key, "key", "", keyHelp)
}

// tableFlags adds --url and --data for a command that needs no key, because it works on the table itself.
func (p *place) tableFlags(set *flag.FlagSet) {
	set.StringVar(&p.url, "url", "", "`address` of the system, such as http://127.0.0.1:3000; WAYMARK_URL when left out")
	set.StringVar(&p.data, "data", "", "data `folder` of a running `waymark dev`; when left out, .waymark here or above")
}

// find gives the system that the flags, the environment or a ready file name. The error says what was looked for, and
// what to do.
func (p place) find(ctx context.Context) (system, error) {
	byEnvironment := os.Getenv("WAYMARK_URL")
	switch {
	case p.url != "" && p.data != "":
		return system{}, errors.New("--url and --data name two systems: give one of them")
	case p.url != "":
		return atAddress(p.url, "--url")
	case p.data != "":
		return inFolder(p.data)
	case byEnvironment != "":
		return atAddress(byEnvironment, "WAYMARK_URL")
	}
	if file := readyFile(); file != "" {
		return readSystem(file)
	}
	return system{}, notFound(ctx)
}

func atAddress(address, from string) (system, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return system{}, fmt.Errorf("%s is %q, and an address is like http://127.0.0.1:3000", from, address)
	}
	return system{URL: strings.TrimRight(address, "/"), from: from}, nil
}

// inFolder reads the ready file of a data directory, or of a project that holds one.
func inFolder(data string) (system, error) {
	for _, file := range []string{local.ReadyFile(data), local.ReadyFile(filepath.Join(data, ".waymark"))} {
		if _, err := os.Stat(file); err == nil {
			return readSystem(file)
		}
	}
	return system{}, fmt.Errorf("no `waymark dev` runs with --data %s: there is no ready.json in it, nor in .waymark below it.\nStart one with `waymark dev --data %[1]s`, or name the folder of one that runs", data)
}

// readSystem reads a ready file and makes sure that its system is there: one that was killed leaves the file behind.
func readSystem(file string) (system, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return system{}, err
	}
	s := system{from: file}
	if err := json.Unmarshal(text, &s); err != nil || s.URL == "" {
		return system{}, fmt.Errorf("%s names no system: start `waymark dev` again", file)
	}
	if !listens(s.URL) {
		return system{}, fmt.Errorf("nothing answers at %s, where %s says that a `waymark dev` runs.\nIt was killed: start it again, or name another system with --data FOLDER or --url URL", s.URL, file)
	}
	return s, nil
}

func listens(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	connection, err := net.DialTimeout("tcp", u.Host, 2*time.Second)
	if err != nil {
		return false
	}
	_ = connection.Close() // nothing was sent
	return true
}

// readyFile is the file that `waymark dev` keeps while it runs, looked for from here upwards; "" when there is none.
func readyFile() string {
	folder, err := os.Getwd()
	if err != nil {
		return ""
	}
	for at := folder; ; at = filepath.Dir(at) {
		file := local.ReadyFile(filepath.Join(at, ".waymark"))
		if _, err := os.Stat(file); err == nil {
			return file
		}
		if at == filepath.Dir(at) {
			return ""
		}
	}
}

func notFound(ctx context.Context) error {
	folder, err := os.Getwd()
	if err != nil {
		folder = "this folder"
	}
	text := fmt.Sprintf("Neither --url nor --data is given, WAYMARK_URL is not set, and neither %s nor a folder above it has a .waymark/ready.json.", folder)
	next := "Start one with `waymark dev` in the project, or name one that runs: --data FOLDER of a `waymark dev`, or --url URL and --key KEY."
	usual := system{URL: fmt.Sprintf("http://127.0.0.1:%d", usualPort)}
	if usual.ask(ctx) == nil {
		next = fmt.Sprintf("One answers at %s: --url %[1]s talks to it.", usual.URL)
	}
	return errors.New(strings.TrimSpace("no running system is found.\n" + wrapped(text, "") + wrapped(next, "")))
}

// ask completes what is known of a `waymark dev` by what it tells programs on its own machine. Other systems do not answer
// there, and are not asked.
func (s *system) ask(ctx context.Context) error {
	if u, err := url.Parse(s.URL); err != nil || !isLoopback(u.Hostname()) {
		return fmt.Errorf("%s is no `waymark dev` on this machine", s.URL)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+local.AboutPath, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		if failed, is := errors.AsType[*url.Error](err); is {
			err = failed.Err // and not the address again
		}
		return fmt.Errorf("nothing answers at %s, which %s names (%w).\nIs the system running? `waymark dev` starts one", s.URL, s.from, err)
	}
	defer func() { _ = response.Body.Close() }() // what it said is read
	told := system{}
	if err := json.NewDecoder(response.Body).Decode(&told); err != nil || response.StatusCode != http.StatusOK || told.AdminURL == "" {
		return fmt.Errorf("%s is no `waymark dev`", s.URL)
	}
	told.URL, told.from = s.URL, s.from
	*s = told
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// keyOf is the key for a system: that of the flag, else the first that a variable names, else one that the system tells.
func (p place) keyOf(ctx context.Context, s *system, variables []string, told func(workspaceKeys) string) string {
	key := p.key
	for _, name := range variables {
		key = cmp.Or(key, os.Getenv(name))
	}
	if key == "" && told(s.Keys) == "" {
		_ = s.ask(ctx) // one that tells none has none to tell; who needs the key says so
	}
	return cmp.Or(key, told(s.Keys))
}

// writeKey finds a system and the key to send with; the key is "" when none is known.
func (p place) writeKey(ctx context.Context) (url, key string, err error) {
	s, err := p.find(ctx)
	if err != nil {
		return "", "", err
	}
	key = p.keyOf(ctx, &s, []string{"WAYMARK_WRITE_KEY", "WAYMARK_KEY"}, func(k workspaceKeys) string { return k.Write })
	return s.URL, key, nil
}

// serverKey finds a system and the key of a server to send with; the key is "" when none is known.
func (p place) serverKey(ctx context.Context) (url, key string, err error) {
	s, err := p.find(ctx)
	if err != nil {
		return "", "", err
	}
	key = p.keyOf(ctx, &s, []string{"WAYMARK_SERVER_KEY", "WAYMARK_WRITE_KEY", "WAYMARK_KEY"}, func(k workspaceKeys) string { return k.Server })
	return s.URL, key, nil
}

// env gives the variables by which a command reaches the table, queues and buckets: those of the environment when that
// names a table, else those of the system that is found.
func (p place) env(ctx context.Context) (func(string) string, error) {
	if p.url == "" && p.data == "" && os.Getenv("TABLE_NAME") != "" {
		return os.Getenv, nil
	}
	s, err := p.find(ctx)
	if err != nil {
		return nil, err
	}
	if s.Env["TABLE_NAME"] == "" {
		if err := s.ask(ctx); err != nil {
			return nil, fmt.Errorf("%w.\nThis command works on the table itself: name a `waymark dev` of this machine by --data or --url,\nor set TABLE_NAME and the variables of AWS", err)
		}
	}
	return func(name string) string { return cmp.Or(s.Env[name], os.Getenv(name)) }, nil
}
