// The headings and bullets of the specification and of the design card, by their names: the documents themselves are not part of the repository. What follows a colon in them is left out here.

export interface SpecificationLine {
  /** By place: `S-3.1.2` is the second bullet below the first heading of the third section, `D-4` the fourth bullet of the card. */
  readonly id: string
  /** `#` for headings as in Markdown, `-` for bullets. */
  readonly kind: string
  readonly name: string
}

const SPECIFICATION = `
# Persistence System
## Overview
## Components Required
- SessionStorage
## Key Features
### IndexedDB Management
- Database schema management and migrations
- Object store creation and indexing
- Transaction management for data consistency
- Error handling and recovery mechanisms
### Data Persistence
- Sessions
- Chat Logs
- Brain Data
- User Preferences
### Search and Query
- Full-text search across sessions
- Keyword-based session filtering
- Date range queries
- Participant-based searches
### Import/Export
- Complete data export to JSON format
- Selective data export options
- Data import with validation
- Backup and restore functionality
## System Dependencies
- World
- SessionSystem
- Browser IndexedDB API and localStorage fallback
## Initialization
## Database Schema
### Sessions Store
### Chat Logs Store
### Brains Store
## Session Management
### Session Data Structure
### Session Operations
- Create new sessions with metadata
- Update session state and activity timestamps
- Archive old sessions automatically
- Delete sessions with cascade to chat logs
## Chat Log Management
### Message Structure
### Chat Log Operations
- Append messages to existing logs
- Batch message insertions for performance
- Message search and retrieval
- Automatic cleanup of old messages
## Search Functionality
### Session Search
### Search Capabilities
- Case-insensitive title search
- Keyword matching with partial matches
- Session ID prefix matching
- Date range filtering
- Participant filtering
## Data Export/Import
### Export Format
### Export Operations
- Full database export
- Selective session export
- Date range exports
- Participant-specific exports
### Import Validation
- Schema version compatibility checking
- Data integrity validation
- Duplicate detection and handling
- Incremental import support
## Performance Optimization
### Indexing Strategy
- Composite indexes for common queries
- Covering indexes to avoid lookups
- Partial indexes for filtered queries
- Index maintenance and optimization
### Caching
- In-memory caching of frequently accessed data
- Lazy loading of large chat histories
- Prefetching of likely-needed data
- Cache invalidation on data changes
### Batch Operations
## Error Handling
### Database Errors
- Connection failure recovery
- Transaction rollback on errors
- Quota exceeded handling
- Corruption detection and recovery
### Fallback Mechanisms
- localStorage fallback for critical data
- Graceful degradation when IndexedDB unavailable
- Data recovery from partial failures
- User notification of data issues
## Data Consistency
### Transaction Management
- ACID compliance for critical operations
- Rollback mechanisms for failed operations
- Consistency checks on startup
- Data validation before persistence
### Conflict Resolution
- Last-write-wins for simple conflicts
- Merge strategies for complex data
- User-guided conflict resolution
- Automatic conflict detection
## Security and Privacy
### Data Encryption
- Optional client-side encryption
- Key derivation from user passwords
- Secure key storage mechanisms
- Encryption key rotation
### Privacy Protection
- Local-only data storage
- No external data transmission
- User data anonymization options
- GDPR compliance features
## Monitoring and Analytics
### Performance Metrics
- Query performance monitoring
- Database size tracking
- Index usage statistics
- Error rate monitoring
### Usage Analytics
- Session creation patterns
- Message volume statistics
- Feature usage tracking
- Performance bottleneck identification
## Future Enhancements
- Real-time data synchronization
- Multi-device data sync
- Cloud backup integration
- Advanced analytics and insights
- Data visualization tools
- Automated data archival
- Performance optimization ML
`

const DESIGN_CARD = `
# Design card
- Implement the system
- kind
- packages
- top-level
- shape
- used by
`

/** Headings and bullets of a Markdown text, without what stands in fences, and without bold letters. */
export function readLines(markdown: string, prefix: string): SpecificationLine[] {
  const lines: SpecificationLine[] = []
  const numbers = [0, 0, 0]
  let depth = 0
  for (const [, kind, text] of markdown.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^(#{1,3}|-) (.+)$/gm)) {
    // The title is the section 0; a bullet is one below the heading it stands under.
    const level = kind === '-' ? depth : kind!.length - 2
    if (kind !== '-') depth = level + 1
    if (level >= 0) {
      numbers[level]!++
      numbers.fill(0, level + 1)
    }
    const id = level < 0 ? '0' : numbers.slice(0, level + 1).join('.')
    lines.push({ id: `${prefix}-${id}`, kind: kind!, name: text!.replaceAll('**', '').trim() })
  }
  return lines
}

export const specificationLines = readLines(SPECIFICATION, 'S')
export const cardLines = readLines(DESIGN_CARD, 'D')
