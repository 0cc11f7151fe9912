// Package host runs many binds: it reads the configuration, supervises each bind, replaces scripts while
// they run, and answers the commands of an operator.
package host
