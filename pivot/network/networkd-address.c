// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/if_addr.h>

#include "networkd-parts.h"

enum { METRIC_V6 = 256 }; /* of an address's own route, where nobody has said another */

static bool is_link_local(const struct ip *ip)
{
	return ip->family == AF_INET6 && ip->byte[0] == 0xfe &&
	       (ip->byte[1] & 0xc0) == 0x80;
}

/* Made of a MAC address, as RFC 4291 has it in its appendix A; the link may have another
 * by now, as udev gives one. */
static bool is_eui64(const struct ip *ip)
{
	return ip->byte[11] == 0xff && ip->byte[12] == 0xfe;
}

static bool is_loopback(const struct ip *ip)
{
	static const struct ip v6 = { .family = AF_INET6, .byte = { [15] = 1 } };

	return ip_is_equal(ip, &v6) || (ip->family == AF_INET && ip->byte[0] == 127);
}

/* What the kernel gives every link by itself. */
static bool is_own(const struct network_address *a)
{
	if (is_loopback(&a->local) ||
	    (a->flags & (IFA_F_TEMPORARY | IFA_F_MCAUTOJOIN)) == IFA_F_MCAUTOJOIN)
		return true;
	return is_link_local(&a->local) &&
	       ((a->flags & IFA_F_STABLE_PRIVACY) || is_eui64(&a->local));
}

enum networkd_origin networkd_address_origin(const struct network_address *a)
{
	if (is_own(a))
		return ORIGIN_SELF;
	if (a->flags & IFA_F_PERMANENT)
		return ORIGIN_STATIC;
	if (a->family == AF_INET)
		return ORIGIN_DHCP;
	return a->prefix == 128 ? ORIGIN_DHCPV6 : ORIGIN_RA;
}

static void write_scope(FILE *file, unsigned int scope)
{
	if (scope == RT_SCOPE_LINK)
		(void)fprintf(file, "Scope=link\n");
	else if (scope == RT_SCOPE_HOST)
		(void)fprintf(file, "Scope=host\n");
	else if (scope != RT_SCOPE_UNIVERSE)
		(void)fprintf(file, "Scope=%u\n", scope);
}

static void write_v6(FILE *file, const struct network_address *a)
{
	if (a->flags & IFA_F_NODAD)
		(void)fprintf(file, "DuplicateAddressDetection=none\n");
	if (a->flags & IFA_F_HOMEADDRESS)
		(void)fprintf(file, "HomeAddress=yes\n");
}

void networkd_write_address(FILE *file, const struct network_address *a)
{
	char text[IP_TEXT_BYTES];

	(void)fprintf(file, "\n[Address]\nAddress=%s/%u\n", ip_text(&a->local, text),
		      a->prefix);
	if (!ip_is_equal(&a->local, &a->peer))
		(void)fprintf(file, "Peer=%s/%u\n", ip_text(&a->peer, text), a->prefix);
	if (a->family == AF_INET)
		write_scope(file, a->scope);
	else
		write_v6(file, a);
	if (a->flags & IFA_F_DEPRECATED)
		(void)fprintf(file, "PreferredLifetime=0\n");
	if (a->flags & IFA_F_NOPREFIXROUTE)
		(void)fprintf(file, "AddPrefixRoute=no\n");
	else if (a->has_metric && a->metric != 0 && a->metric != METRIC_V6)
		(void)fprintf(file, "RouteMetric=%u\n", a->metric);
}
