//! The sandbox over HTTP, behaviour by behaviour (E1 to E23 of the reference for Microsoft Graph; the reference for ARM).
#![allow(clippy::unwrap_used, reason = "a test that cannot read its answer has failed")]

mod arm_pim;
mod client;

mod arm_assignment;
mod arm_entity;
mod arm_front;
mod arm_graph_query;
mod arm_hierarchy;
mod arm_pim_activation;
mod arm_pim_fault;
mod arm_pim_policy;
mod arm_pim_request;
mod arm_pim_schedule;
mod arm_pim_seed;
mod arm_provider;
mod arm_role;
mod control;
mod directory;
mod fault;
mod group_activation;
mod group_list;
mod group_member;
mod group_new;
mod group_policy;
mod group_refusal;
mod group_request;
mod group_right;
mod lag;
mod page;
mod policy;
mod request;
mod role;
mod seed;
mod state;
mod switch;
mod token;
mod validation;
