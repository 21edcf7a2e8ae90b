// SPDX-License-Identifier: GPL-2.0-or-later
#include "names.h"

#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "pivot/base/macros.h"
#include "pivot/base/parse.h"
#include "pivot/base/read.h"

struct name {
	uint32_t id;
	const char *name;
};

static const struct name protocols[] = {
	{ RTPROT_UNSPEC, "unspec" },
	{ RTPROT_REDIRECT, "redirect" },
	{ RTPROT_KERNEL, "kernel" },
	{ RTPROT_BOOT, "boot" },
	{ RTPROT_STATIC, "static" },
	{ RTPROT_GATED, "gated" },
	{ RTPROT_RA, "ra" },
	{ RTPROT_MRT, "mrt" },
	{ RTPROT_ZEBRA, "zebra" },
	{ RTPROT_BIRD, "bird" },
	{ RTPROT_DNROUTED, "dnrouted" },
	{ RTPROT_XORP, "xorp" },
	{ RTPROT_NTK, "ntk" },
	{ RTPROT_DHCP, "dhcp" },
	{ RTPROT_KEEPALIVED, "keepalived" },
	{ RTPROT_BABEL, "babel" },
	{ RTPROT_BGP, "bgp" },
	{ RTPROT_ISIS, "isis" },
	{ RTPROT_OSPF, "ospf" },
	{ RTPROT_RIP, "rip" },
	{ RTPROT_EIGRP, "eigrp" },
	{ 0 },
};

static const struct name scopes[] = {
	{ RT_SCOPE_UNIVERSE, "global" }, { RT_SCOPE_SITE, "site" },
	{ RT_SCOPE_LINK, "link" },	 { RT_SCOPE_HOST, "host" },
	{ RT_SCOPE_NOWHERE, "nowhere" }, { 0 },
};

static const struct name realms[] = { { 0, "unknown" }, { 0 } };
static const struct name toses[] = { { 0, "0" }, { 0 } };
static const struct name groups[] = { { 0, "default" }, { 0 } };

static const struct {
	const struct name *names;
	const char *file;
	const char *number; /* where nothing has a name for it */
} tables[NAME_KINDS] = {
	[NAME_PROTOCOL] = { protocols, "rt_protos", "%u" },
	[NAME_SCOPE] = { scopes, "rt_scopes", "%u" },
	[NAME_GROUP] = { groups, "group", "%d" },
	[NAME_REALM] = { realms, "rt_realms", "%u" },
	[NAME_TOS] = { toses, "rt_dsfield", "0x%02x" },
};

/* Those of hardware that Linux has drivers for. */
static const struct name link_types[] = {
	{ ARPHRD_NETROM, "netrom" },
	{ ARPHRD_ETHER, "ether" },
	{ ARPHRD_EETHER, "eether" },
	{ ARPHRD_AX25, "ax25" },
	{ ARPHRD_IEEE802, "ieee802" },
	{ ARPHRD_ARCNET, "arcnet" },
	{ ARPHRD_ATM, "atm" },
	{ ARPHRD_IEEE1394, "ieee1394" },
	{ ARPHRD_INFINIBAND, "infiniband" },
	{ ARPHRD_SLIP, "slip" },
	{ ARPHRD_CSLIP, "cslip" },
	{ ARPHRD_SLIP6, "slip6" },
	{ ARPHRD_CSLIP6, "cslip6" },
	{ ARPHRD_ROSE, "rose" },
	{ ARPHRD_X25, "x25" },
	{ ARPHRD_CAN, "can" },
	{ ARPHRD_PPP, "ppp" },
	{ ARPHRD_HDLC, "hdlc" },
	{ ARPHRD_LAPB, "lapb" },
	{ ARPHRD_RAWHDLC, "rawhdlc" },
	{ ARPHRD_TUNNEL, "ipip" },
	{ ARPHRD_TUNNEL6, "tunnel6" },
	{ ARPHRD_FRAD, "frad" },
	{ ARPHRD_LOOPBACK, "loopback" },
	{ ARPHRD_LOCALTLK, "ltalk" },
	{ ARPHRD_FDDI, "fddi" },
	{ ARPHRD_SIT, "sit" },
	{ ARPHRD_IPGRE, "gre" },
	{ ARPHRD_PIMREG, "pimreg" },
	{ ARPHRD_HIPPI, "hippi" },
	{ ARPHRD_IEEE80211, "ieee802.11" },
	{ ARPHRD_IEEE80211_PRISM, "ieee802.11/prism" },
	{ ARPHRD_IEEE80211_RADIOTAP, "ieee802.11/radiotap" },
	{ ARPHRD_IEEE802154, "ieee802.15.4" },
	{ ARPHRD_IEEE802154_MONITOR, "ieee802.15.4/monitor" },
	{ ARPHRD_PHONET, "phonet" },
	{ ARPHRD_PHONET_PIPE, "phonet_pipe" },
	{ ARPHRD_CAIF, "caif" },
	{ ARPHRD_IP6GRE, "gre6" },
	{ ARPHRD_NETLINK, "netlink" },
	{ ARPHRD_6LOWPAN, "6lowpan" },
	{ ARPHRD_NONE, "none" },
	{ ARPHRD_VOID, "void" },
	{ 0 },
};

static const char *const route_types[] = {
	[RTN_UNSPEC] = "none",
	[RTN_UNICAST] = "unicast",
	[RTN_LOCAL] = "local",
	[RTN_BROADCAST] = "broadcast",
	[RTN_ANYCAST] = "anycast",
	[RTN_MULTICAST] = "multicast",
	[RTN_BLACKHOLE] = "blackhole",
	[RTN_UNREACHABLE] = "unreachable",
	[RTN_PROHIBIT] = "prohibit",
	[RTN_THROW] = "throw",
	[RTN_NAT] = "nat",
	[RTN_XRESOLVE] = "xresolve",
};

static const char *name_find(const struct name *names, uint32_t id)
{
	for (; names->name; names++)
		if (names->id == id)
			return names->name;
	return NULL;
}

/* Behind what is in file already; with none of it where it does not fit. */
static void file_add(const char *root, const char *path, char file[NAMES_FILE_BYTES])
{
	const size_t used = strlen(file);

	if (used + 2 >= NAMES_FILE_BYTES)
		return;
	file[used] = '\n';
	if (read_text(file + used + 1, NAMES_FILE_BYTES - used - 1, root, "%s", path) < 0)
		file[used] = '\0';
}

static void folder_add(const char *root, const char *folder, char file[NAMES_FILE_BYTES])
{
	struct dir dir;

	dir_for_each (&dir, name, root, folder) {
		const char *end = strrchr(name, '.');
		char path[128];

		if (!end || end == name || strcmp(end, ".conf") != 0)
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", folder, name) <
		    (int)sizeof(path))
			file_add(root, path, file);
	}
}

static void file_read(const char *root, const char *folder, const char *name,
		      char ret[NAMES_FILE_BYTES])
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	file_add(root, path, ret);
	(void)snprintf(path, sizeof(path), "%s/%s.d", folder, name);
	folder_add(root, path, ret);
}

void network_names_read(const char *root, struct network_names *ret)
{
	for (size_t i = 0; i < array_size(tables); i++) {
		ret->file[i][0] = '\0';
		file_read(root, "/usr/share/iproute2", tables[i].file, ret->file[i]);
		file_read(root, "/etc/iproute2", tables[i].file, ret->file[i]);
	}
}

/* "16 dhcp", "0x10 dhcp # comment" */
static bool line_has(const char *line, uint32_t id, char text[static NAME_BYTES])
{
	char number[16], name[NAME_BYTES];
	uint64_t value;

	if (sscanf(line, "%15s %63s", number, name) != 2 ||
	    parse_u64(number, strncmp(number, "0x", 2) == 0 ? 16 : 10, UINT32_MAX,
		      &value) < 0 ||
	    value != id)
		return false;
	strcpy(text, name);
	return true;
}

/* The last line that names it counts. */
static bool file_has(const char *file, uint32_t id, char text[static NAME_BYTES])
{
	char line[256];
	bool has_it = false;

	while (*file) {
		const size_t n = strcspn(file, "\n");

		(void)snprintf(line, sizeof(line), "%.*s", (int)n, file);
		has_it |= line_has(line, id, text);
		file += n + (file[n] == '\n');
	}
	return has_it;
}

char *network_name(const struct network_names *names, enum name_kind kind, uint32_t id,
		   char text[static NAME_BYTES])
{
	const char *name = name_find(tables[kind].names, id);

	if (name)
		strcpy(text, name);
	else if (!file_has(names->file[kind], id, text))
		(void)snprintf(text, NAME_BYTES, tables[kind].number, id);
	return text;
}

const char *network_link_type(uint16_t type, char text[static NAME_BYTES])
{
	const char *name = name_find(link_types, type);

	if (name)
		return name;
	(void)snprintf(text, NAME_BYTES, "[%u]", type);
	return text;
}

const char *network_route_type(uint8_t type, char text[static NAME_BYTES])
{
	if (type < array_size(route_types))
		return route_types[type];
	(void)snprintf(text, NAME_BYTES, "%u", type);
	return text;
}
