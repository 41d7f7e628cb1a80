namespace FleetEstimator.Grains;

/// <summary>
/// What a silo tells a study's coordinator, again and again: which slices it has done, which it holds, how many more it could do. The coordinator goes by what the latest says: a
/// request or an answer that is lost, late or doubled costs a slice done twice at most.
/// </summary>
/// <param name="Silo">Who asks; another name after every start.</param>
/// <param name="Sequence">Rises with every request of the silo.</param>
/// <param name="Ended">Slices whose rows are in their shards.</param>
/// <param name="Held">Leases of the slices it still works on.</param>
/// <param name="Wanted">Slices that it could begin now.</param>
public sealed record WorkRequest(string Silo, long Sequence, IReadOnlyList<SliceReport> Ended, IReadOnlyList<long> Held, int Wanted);

/// <summary>A slice that is done.</summary>
/// <param name="Lease">The lease it was done under.</param>
/// <param name="Failed">Nodes of it that cannot be simulated.</param>
/// <param name="Simulated">Nodes of it that were simulated for this lease, the others having been done before.</param>
/// <param name="SimulationMicroseconds">Thread time that took.</param>
public sealed record SliceReport(long Lease, int Failed, int Simulated, long SimulationMicroseconds);

/// <summary>A coordinator's answer.</summary>
/// <param name="IsActive">False if the study needs nothing more of anyone: it has ended or was cancelled.</param>
/// <param name="Leases">Slices to do.</param>
/// <param name="Lost">Leases that the silo holds and the coordinator does not know, or not any more: to be dropped.</param>
public sealed record WorkGrant(bool IsActive, IReadOnlyList<SliceLease> Leases, IReadOnlyList<long> Lost)
{
    /// <summary>Nothing to do now; what is held goes on.</summary>
    public static WorkGrant Nothing { get; } = new(IsActive: true, [], []);

    /// <summary>Nothing to do any more.</summary>
    public static WorkGrant Over { get; } = new(IsActive: false, [], []);
}

/// <summary>A slice that a silo is to do.</summary>
/// <param name="Id">Of this lease; no two of a study have the same.</param>
/// <param name="Slice">The nodes.</param>
/// <param name="Attempt">Nodes that failed in an earlier attempt are simulated again.</param>
public sealed record SliceLease(long Id, NodeSlice Slice, int Attempt);
