using Orleans.Configuration;

namespace FleetEstimator.Server.State;

/// <summary>
/// When a silo is taken for dead, and how long calls wait: the settings of every silo of a cluster, with their reasons. They are the same
/// everywhere, since a cluster whose silos disagree about the dead does not settle.
/// </summary>
public static class MembershipSettings
{
    /// <summary>Orleans' settings, to be called before any that shall overrule them.</summary>
    public static ISiloBuilder UseMembershipSettings(this ISiloBuilder silo)
    {
        silo.Configure<ClusterMembershipOptions>(membership =>
        {
            // Silos probe each other. Orleans adapts the time it waits for an answer, which is also the time between probes, to how long
            // answers take: here between 2 and 5 s.
            membership.ProbeTimeout = TimeSpan.FromSeconds(2);
            membership.MinProbeTimeout = TimeSpan.FromSeconds(2);
            membership.MaxProbeTimeout = TimeSpan.FromSeconds(5);

            // A killed silo refuses connections, so its probes fail at once: three of them, 2 s apart, after which two others have voted (of
            // two silos the one that is left decides alone). That is 4 to 8 s, measured 6.
            membership.NumMissedProbesLimit = 3;
            membership.NumVotesForDeathDeclaration = 2;

            // A busy silo keeps its connections. While any message came from it within 3 x 5 s, missed probes are no reason to vote: only a
            // silo that says nothing for 15 s, on a machine that has no time at all for it or stopped, is declared dead.
            membership.EnableConnectionLivenessCheck = true;
            // A silo that is slow itself waits longer for others, and its word as a go-between does not count.
            membership.ExtendProbeTimeoutDuringDegradation = true;
            membership.EnableIndirectProbes = true;

            // Silos tell each other of changes. The table is read again for those who were out of reach: a silo that was stopped and
            // continued finds out within 10 s that it is dead.
            membership.TableRefreshTimeout = TimeSpan.FromSeconds(10);

            // After all silos were killed, their rows say that they live. One that starts does not wait for those which have not written for
            // 3 x 10 s. (Its own row of before it declares dead at once.) That is longer than the outage of the database that is to be survived.
            membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(10);
            membership.NumMissedTableIAmAliveLimit = 3;

            // Until then a silo tries to join.
            membership.MaxJoinAttemptTime = TimeSpan.FromMinutes(2);

            // Rows of the dead are kept for a day, for whoever looks into it, and removed then.
            membership.DefunctSiloExpiration = TimeSpan.FromDays(1);
            membership.DefunctSiloCleanupPeriod = TimeSpan.FromHours(1);
        });

        // No call of ours lasts longer than a few writes to the database, of which one that hangs fails after 20 s.
        silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(30));

        // Compute silos are always busy; shedding would send all new grains to the one that is not.
        silo.Configure<LoadSheddingOptions>(shedding => shedding.LoadSheddingEnabled = false);

        // Shards and coordinators come back from the database when they are asked for.
        silo.Configure<GrainCollectionOptions>(collection => collection.CollectionAge = TimeSpan.FromMinutes(10));
        return silo;
    }
}
