/* What needs root, network namespaces with TAP devices and a bridge in them, any user may do in a user namespace of its own,
 * where this machine allows that. */
#ifndef SYSPLEX_PRIVILEGE_H
#define SYSPLEX_PRIVILEGE_H

/* For root nothing; else enter a user namespace, in which this process is root and its user the only one. Before any thread
 * or namespace. 0 or -errno, told with what to do about it. */
int privilege_gain(void);

#endif
